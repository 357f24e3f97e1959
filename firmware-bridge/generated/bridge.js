/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["keyferry-bridge"] || ($protobuf.roots["keyferry-bridge"] = {});

export const keyferry = $root.keyferry = (() => {

    /**
     * Namespace keyferry.
     * @exports keyferry
     * @namespace
     */
    const keyferry = {};

    keyferry.bridge = (function() {

        /**
         * Namespace bridge.
         * @memberof keyferry
         * @namespace
         */
        const bridge = {};

        bridge.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof keyferry.bridge
             * @namespace
             */
            const v1 = {};

            v1.Envelope = (function() {

                /**
                 * Properties of an Envelope.
                 * @typedef {Object} keyferry.bridge.v1.Envelope.$Properties
                 * @property {keyferry.bridge.v1.Hello.$Properties|null} [hello] Envelope hello
                 * @property {keyferry.bridge.v1.AgentHello.$Properties|null} [agent_hello] Envelope agent_hello
                 * @property {keyferry.bridge.v1.Credit.$Properties|null} [credit] Envelope credit
                 * @property {keyferry.bridge.v1.KeyBlock.$Properties|null} [key_block] Envelope key_block
                 * @property {keyferry.bridge.v1.Acknowledge.$Properties|null} [acknowledge] Envelope acknowledge
                 * @property {keyferry.bridge.v1.Telemetry.$Properties|null} [telemetry] Envelope telemetry
                 * @property {keyferry.bridge.v1.Alarm.$Properties|null} [alarm] Envelope alarm
                 * @property {keyferry.bridge.v1.Zeroize.$Properties|null} [zeroize] Envelope zeroize
                 * @property {keyferry.bridge.v1.Zeroized.$Properties|null} [zeroized] Envelope zeroized
                 * @property {keyferry.bridge.v1.Ping.$Properties|null} [ping] Envelope ping
                 * @property {keyferry.bridge.v1.Pong.$Properties|null} [pong] Envelope pong
                 * @property {keyferry.bridge.v1.Command.$Properties|null} [command] Envelope command
                 * @property {keyferry.bridge.v1.CommandResult.$Properties|null} [command_result] Envelope command_result
                 * @property {"hello"|"agent_hello"|"credit"|"key_block"|"acknowledge"|"telemetry"|"alarm"|"zeroize"|"zeroized"|"ping"|"pong"|"command"|"command_result"} [message] Envelope message
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Envelope.
                 * @memberof keyferry.bridge.v1
                 * @interface IEnvelope
                 * @augments keyferry.bridge.v1.Envelope.$Properties
                 * @deprecated Use keyferry.bridge.v1.Envelope.$Properties instead.
                 */

                /**
                 * Narrowed shape of an Envelope.
                 * @typedef {{
                 *   hello?: keyferry.bridge.v1.Hello.$Shape|null;
                 *   agent_hello?: keyferry.bridge.v1.AgentHello.$Shape|null;
                 *   credit?: keyferry.bridge.v1.Credit.$Shape|null;
                 *   key_block?: keyferry.bridge.v1.KeyBlock.$Shape|null;
                 *   acknowledge?: keyferry.bridge.v1.Acknowledge.$Shape|null;
                 *   telemetry?: keyferry.bridge.v1.Telemetry.$Shape|null;
                 *   alarm?: keyferry.bridge.v1.Alarm.$Shape|null;
                 *   zeroize?: keyferry.bridge.v1.Zeroize.$Shape|null;
                 *   zeroized?: keyferry.bridge.v1.Zeroized.$Shape|null;
                 *   ping?: keyferry.bridge.v1.Ping.$Shape|null;
                 *   pong?: keyferry.bridge.v1.Pong.$Shape|null;
                 *   command?: keyferry.bridge.v1.Command.$Shape|null;
                 *   command_result?: keyferry.bridge.v1.CommandResult.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * } & (
                 *   ({ message?: undefined; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "hello"; hello: keyferry.bridge.v1.Hello.$Shape; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "agent_hello"; hello?: null; agent_hello: keyferry.bridge.v1.AgentHello.$Shape; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "credit"; hello?: null; agent_hello?: null; credit: keyferry.bridge.v1.Credit.$Shape; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "key_block"; hello?: null; agent_hello?: null; credit?: null; key_block: keyferry.bridge.v1.KeyBlock.$Shape; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "acknowledge"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge: keyferry.bridge.v1.Acknowledge.$Shape; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "telemetry"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry: keyferry.bridge.v1.Telemetry.$Shape; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "alarm"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm: keyferry.bridge.v1.Alarm.$Shape; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "zeroize"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize: keyferry.bridge.v1.Zeroize.$Shape; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "zeroized"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized: keyferry.bridge.v1.Zeroized.$Shape; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "ping"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping: keyferry.bridge.v1.Ping.$Shape; pong?: null; command?: null; command_result?: null }|{ message?: "pong"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong: keyferry.bridge.v1.Pong.$Shape; command?: null; command_result?: null }|{ message?: "command"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command: keyferry.bridge.v1.Command.$Shape; command_result?: null }|{ message?: "command_result"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result: keyferry.bridge.v1.CommandResult.$Shape })
                 * )} keyferry.bridge.v1.Envelope.$Shape
                 */

                /**
                 * Constructs a new Envelope.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents an Envelope.
                 * @constructor
                 * @param {keyferry.bridge.v1.Envelope.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Envelope = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Envelope hello.
                 * @member {keyferry.bridge.v1.Hello.$Properties|null|undefined} hello
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.hello = null;

                /**
                 * Envelope agent_hello.
                 * @member {keyferry.bridge.v1.AgentHello.$Properties|null|undefined} agent_hello
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.agent_hello = null;

                /**
                 * Envelope credit.
                 * @member {keyferry.bridge.v1.Credit.$Properties|null|undefined} credit
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.credit = null;

                /**
                 * Envelope key_block.
                 * @member {keyferry.bridge.v1.KeyBlock.$Properties|null|undefined} key_block
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.key_block = null;

                /**
                 * Envelope acknowledge.
                 * @member {keyferry.bridge.v1.Acknowledge.$Properties|null|undefined} acknowledge
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.acknowledge = null;

                /**
                 * Envelope telemetry.
                 * @member {keyferry.bridge.v1.Telemetry.$Properties|null|undefined} telemetry
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.telemetry = null;

                /**
                 * Envelope alarm.
                 * @member {keyferry.bridge.v1.Alarm.$Properties|null|undefined} alarm
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.alarm = null;

                /**
                 * Envelope zeroize.
                 * @member {keyferry.bridge.v1.Zeroize.$Properties|null|undefined} zeroize
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.zeroize = null;

                /**
                 * Envelope zeroized.
                 * @member {keyferry.bridge.v1.Zeroized.$Properties|null|undefined} zeroized
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.zeroized = null;

                /**
                 * Envelope ping.
                 * @member {keyferry.bridge.v1.Ping.$Properties|null|undefined} ping
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.ping = null;

                /**
                 * Envelope pong.
                 * @member {keyferry.bridge.v1.Pong.$Properties|null|undefined} pong
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.pong = null;

                /**
                 * Envelope command.
                 * @member {keyferry.bridge.v1.Command.$Properties|null|undefined} command
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.command = null;

                /**
                 * Envelope command_result.
                 * @member {keyferry.bridge.v1.CommandResult.$Properties|null|undefined} command_result
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.command_result = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * Envelope message.
                 * @member {"hello"|"agent_hello"|"credit"|"key_block"|"acknowledge"|"telemetry"|"alarm"|"zeroize"|"zeroized"|"ping"|"pong"|"command"|"command_result"|undefined} message
                 * @memberof keyferry.bridge.v1.Envelope
                 * @instance
                 */
                $Object.defineProperty(Envelope.prototype, "message", {
                    get: $util.oneOfGetter($oneOfFields = ["hello", "agent_hello", "credit", "key_block", "acknowledge", "telemetry", "alarm", "zeroize", "zeroized", "ping", "pong", "command", "command_result"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified Envelope message. Does not implicitly {@link keyferry.bridge.v1.Envelope.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Envelope
                 * @static
                 * @param {keyferry.bridge.v1.Envelope.$Properties} message Envelope message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Envelope.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.hello != null && $Object.hasOwnProperty.call(message, "hello"))
                        $root.keyferry.bridge.v1.Hello.encode(message.hello, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.agent_hello != null && $Object.hasOwnProperty.call(message, "agent_hello"))
                        $root.keyferry.bridge.v1.AgentHello.encode(message.agent_hello, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.credit != null && $Object.hasOwnProperty.call(message, "credit"))
                        $root.keyferry.bridge.v1.Credit.encode(message.credit, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.key_block != null && $Object.hasOwnProperty.call(message, "key_block"))
                        $root.keyferry.bridge.v1.KeyBlock.encode(message.key_block, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.acknowledge != null && $Object.hasOwnProperty.call(message, "acknowledge"))
                        $root.keyferry.bridge.v1.Acknowledge.encode(message.acknowledge, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                    if (message.telemetry != null && $Object.hasOwnProperty.call(message, "telemetry"))
                        $root.keyferry.bridge.v1.Telemetry.encode(message.telemetry, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.alarm != null && $Object.hasOwnProperty.call(message, "alarm"))
                        $root.keyferry.bridge.v1.Alarm.encode(message.alarm, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                    if (message.zeroize != null && $Object.hasOwnProperty.call(message, "zeroize"))
                        $root.keyferry.bridge.v1.Zeroize.encode(message.zeroize, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.zeroized != null && $Object.hasOwnProperty.call(message, "zeroized"))
                        $root.keyferry.bridge.v1.Zeroized.encode(message.zeroized, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                    if (message.ping != null && $Object.hasOwnProperty.call(message, "ping"))
                        $root.keyferry.bridge.v1.Ping.encode(message.ping, writer.uint32(/* id 10, wireType 2 =*/82).fork(), _depth + 1).ldelim();
                    if (message.pong != null && $Object.hasOwnProperty.call(message, "pong"))
                        $root.keyferry.bridge.v1.Pong.encode(message.pong, writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
                    if (message.command != null && $Object.hasOwnProperty.call(message, "command"))
                        $root.keyferry.bridge.v1.Command.encode(message.command, writer.uint32(/* id 12, wireType 2 =*/98).fork(), _depth + 1).ldelim();
                    if (message.command_result != null && $Object.hasOwnProperty.call(message, "command_result"))
                        $root.keyferry.bridge.v1.CommandResult.encode(message.command_result, writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Envelope message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Envelope
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Envelope & keyferry.bridge.v1.Envelope.$Shape} Envelope
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Envelope.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Envelope();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                message.hello = $root.keyferry.bridge.v1.Hello.decode(reader, reader.size(), $undefined, _depth + 1, message.hello);
                                message.message = "hello";
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                message.agent_hello = $root.keyferry.bridge.v1.AgentHello.decode(reader, reader.size(), $undefined, _depth + 1, message.agent_hello);
                                message.message = "agent_hello";
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.credit = $root.keyferry.bridge.v1.Credit.decode(reader, reader.size(), $undefined, _depth + 1, message.credit);
                                message.message = "credit";
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                message.key_block = $root.keyferry.bridge.v1.KeyBlock.decode(reader, reader.size(), $undefined, _depth + 1, message.key_block);
                                message.message = "key_block";
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                message.acknowledge = $root.keyferry.bridge.v1.Acknowledge.decode(reader, reader.size(), $undefined, _depth + 1, message.acknowledge);
                                message.message = "acknowledge";
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.telemetry = $root.keyferry.bridge.v1.Telemetry.decode(reader, reader.size(), $undefined, _depth + 1, message.telemetry);
                                message.message = "telemetry";
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                message.alarm = $root.keyferry.bridge.v1.Alarm.decode(reader, reader.size(), $undefined, _depth + 1, message.alarm);
                                message.message = "alarm";
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                message.zeroize = $root.keyferry.bridge.v1.Zeroize.decode(reader, reader.size(), $undefined, _depth + 1, message.zeroize);
                                message.message = "zeroize";
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                message.zeroized = $root.keyferry.bridge.v1.Zeroized.decode(reader, reader.size(), $undefined, _depth + 1, message.zeroized);
                                message.message = "zeroized";
                                continue;
                            }
                        case 10: {
                                if (wireType !== 2)
                                    break;
                                message.ping = $root.keyferry.bridge.v1.Ping.decode(reader, reader.size(), $undefined, _depth + 1, message.ping);
                                message.message = "ping";
                                continue;
                            }
                        case 11: {
                                if (wireType !== 2)
                                    break;
                                message.pong = $root.keyferry.bridge.v1.Pong.decode(reader, reader.size(), $undefined, _depth + 1, message.pong);
                                message.message = "pong";
                                continue;
                            }
                        case 12: {
                                if (wireType !== 2)
                                    break;
                                message.command = $root.keyferry.bridge.v1.Command.decode(reader, reader.size(), $undefined, _depth + 1, message.command);
                                message.message = "command";
                                continue;
                            }
                        case 13: {
                                if (wireType !== 2)
                                    break;
                                message.command_result = $root.keyferry.bridge.v1.CommandResult.decode(reader, reader.size(), $undefined, _depth + 1, message.command_result);
                                message.message = "command_result";
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Envelope;
            })();

            /**
             * Role enum.
             * @name keyferry.bridge.v1.Role
             * @enum {number}
             * @property {number} ROLE_UNSPECIFIED=0 ROLE_UNSPECIFIED value
             * @property {number} ROLE_TX=1 ROLE_TX value
             * @property {number} ROLE_RX=2 ROLE_RX value
             */
            v1.Role = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "ROLE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "ROLE_TX"] = 1;
                values[valuesById[2] = "ROLE_RX"] = 2;
                return values;
            })();

            v1.Hello = (function() {

                /**
                 * Properties of a Hello.
                 * @typedef {Object} keyferry.bridge.v1.Hello.$Properties
                 * @property {number|null} [opening] Hello opening
                 * @property {number|null} [protocol_min] Hello protocol_min
                 * @property {number|null} [protocol_max] Hello protocol_max
                 * @property {string|null} [module_id] Hello module_id
                 * @property {string|null} [link_id] Hello link_id
                 * @property {keyferry.bridge.v1.Role|null} [role] Hello role
                 * @property {string|null} [firmware_version] Hello firmware_version
                 * @property {number|null} [max_block_bytes] Hello max_block_bytes
                 * @property {number|null} [max_part_bytes] Hello max_part_bytes
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Hello.
                 * @memberof keyferry.bridge.v1
                 * @interface IHello
                 * @augments keyferry.bridge.v1.Hello.$Properties
                 * @deprecated Use keyferry.bridge.v1.Hello.$Properties instead.
                 */

                /**
                 * Shape of a Hello.
                 * @typedef {keyferry.bridge.v1.Hello.$Properties} keyferry.bridge.v1.Hello.$Shape
                 */

                /**
                 * Constructs a new Hello.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Hello.
                 * @constructor
                 * @param {keyferry.bridge.v1.Hello.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Hello = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Hello opening.
                 * @member {number} opening
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.opening = 0;

                /**
                 * Hello protocol_min.
                 * @member {number} protocol_min
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.protocol_min = 0;

                /**
                 * Hello protocol_max.
                 * @member {number} protocol_max
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.protocol_max = 0;

                /**
                 * Hello module_id.
                 * @member {string} module_id
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.module_id = "";

                /**
                 * Hello link_id.
                 * @member {string} link_id
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.link_id = "";

                /**
                 * Hello role.
                 * @member {keyferry.bridge.v1.Role} role
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.role = 0;

                /**
                 * Hello firmware_version.
                 * @member {string} firmware_version
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.firmware_version = "";

                /**
                 * Hello max_block_bytes.
                 * @member {number} max_block_bytes
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.max_block_bytes = 0;

                /**
                 * Hello max_part_bytes.
                 * @member {number} max_part_bytes
                 * @memberof keyferry.bridge.v1.Hello
                 * @instance
                 */
                Hello.prototype.max_part_bytes = 0;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link keyferry.bridge.v1.Hello.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Hello
                 * @static
                 * @param {keyferry.bridge.v1.Hello.$Properties} message Hello message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Hello.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.opening != null && $Object.hasOwnProperty.call(message, "opening") && message.opening !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.opening);
                    if (message.protocol_min != null && $Object.hasOwnProperty.call(message, "protocol_min") && message.protocol_min !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.protocol_min);
                    if (message.protocol_max != null && $Object.hasOwnProperty.call(message, "protocol_max") && message.protocol_max !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.protocol_max);
                    if (message.module_id != null && $Object.hasOwnProperty.call(message, "module_id") && message.module_id !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.module_id);
                    if (message.link_id != null && $Object.hasOwnProperty.call(message, "link_id") && message.link_id !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.link_id);
                    if (message.role != null && $Object.hasOwnProperty.call(message, "role") && message.role !== 0)
                        writer.uint32(/* id 6, wireType 0 =*/48).int32(message.role);
                    if (message.firmware_version != null && $Object.hasOwnProperty.call(message, "firmware_version") && message.firmware_version !== "")
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.firmware_version);
                    if (message.max_block_bytes != null && $Object.hasOwnProperty.call(message, "max_block_bytes") && message.max_block_bytes !== 0)
                        writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.max_block_bytes);
                    if (message.max_part_bytes != null && $Object.hasOwnProperty.call(message, "max_part_bytes") && message.max_part_bytes !== 0)
                        writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.max_part_bytes);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Hello
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Hello & keyferry.bridge.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Hello.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Hello();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.opening = value;
                                else
                                    delete message.opening;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_min = value;
                                else
                                    delete message.protocol_min;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_max = value;
                                else
                                    delete message.protocol_max;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.module_id = value;
                                else
                                    delete message.module_id;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.link_id = value;
                                else
                                    delete message.link_id;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.role = value;
                                else
                                    delete message.role;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.firmware_version = value;
                                else
                                    delete message.firmware_version;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.max_block_bytes = value;
                                else
                                    delete message.max_block_bytes;
                                continue;
                            }
                        case 9: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.max_part_bytes = value;
                                else
                                    delete message.max_part_bytes;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Hello;
            })();

            v1.AgentHello = (function() {

                /**
                 * Properties of an AgentHello.
                 * @typedef {Object} keyferry.bridge.v1.AgentHello.$Properties
                 * @property {number|null} [opening] AgentHello opening
                 * @property {number|null} [protocol_min] AgentHello protocol_min
                 * @property {number|null} [protocol_max] AgentHello protocol_max
                 * @property {number|null} [max_block_bytes] AgentHello max_block_bytes
                 * @property {number|null} [max_part_bytes] AgentHello max_part_bytes
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an AgentHello.
                 * @memberof keyferry.bridge.v1
                 * @interface IAgentHello
                 * @augments keyferry.bridge.v1.AgentHello.$Properties
                 * @deprecated Use keyferry.bridge.v1.AgentHello.$Properties instead.
                 */

                /**
                 * Shape of an AgentHello.
                 * @typedef {keyferry.bridge.v1.AgentHello.$Properties} keyferry.bridge.v1.AgentHello.$Shape
                 */

                /**
                 * Constructs a new AgentHello.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents an AgentHello.
                 * @constructor
                 * @param {keyferry.bridge.v1.AgentHello.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const AgentHello = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * AgentHello opening.
                 * @member {number} opening
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @instance
                 */
                AgentHello.prototype.opening = 0;

                /**
                 * AgentHello protocol_min.
                 * @member {number} protocol_min
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @instance
                 */
                AgentHello.prototype.protocol_min = 0;

                /**
                 * AgentHello protocol_max.
                 * @member {number} protocol_max
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @instance
                 */
                AgentHello.prototype.protocol_max = 0;

                /**
                 * AgentHello max_block_bytes.
                 * @member {number} max_block_bytes
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @instance
                 */
                AgentHello.prototype.max_block_bytes = 0;

                /**
                 * AgentHello max_part_bytes.
                 * @member {number} max_part_bytes
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @instance
                 */
                AgentHello.prototype.max_part_bytes = 0;

                /**
                 * Encodes the specified AgentHello message. Does not implicitly {@link keyferry.bridge.v1.AgentHello.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @static
                 * @param {keyferry.bridge.v1.AgentHello.$Properties} message AgentHello message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                AgentHello.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.opening != null && $Object.hasOwnProperty.call(message, "opening") && message.opening !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.opening);
                    if (message.protocol_min != null && $Object.hasOwnProperty.call(message, "protocol_min") && message.protocol_min !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.protocol_min);
                    if (message.protocol_max != null && $Object.hasOwnProperty.call(message, "protocol_max") && message.protocol_max !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.protocol_max);
                    if (message.max_block_bytes != null && $Object.hasOwnProperty.call(message, "max_block_bytes") && message.max_block_bytes !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.max_block_bytes);
                    if (message.max_part_bytes != null && $Object.hasOwnProperty.call(message, "max_part_bytes") && message.max_part_bytes !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.max_part_bytes);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an AgentHello message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.AgentHello
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.AgentHello & keyferry.bridge.v1.AgentHello.$Shape} AgentHello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                AgentHello.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.AgentHello();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.opening = value;
                                else
                                    delete message.opening;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_min = value;
                                else
                                    delete message.protocol_min;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_max = value;
                                else
                                    delete message.protocol_max;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.max_block_bytes = value;
                                else
                                    delete message.max_block_bytes;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.max_part_bytes = value;
                                else
                                    delete message.max_part_bytes;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return AgentHello;
            })();

            v1.Credit = (function() {

                /**
                 * Properties of a Credit.
                 * @typedef {Object} keyferry.bridge.v1.Credit.$Properties
                 * @property {number|null} [parts] Credit parts
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Credit.
                 * @memberof keyferry.bridge.v1
                 * @interface ICredit
                 * @augments keyferry.bridge.v1.Credit.$Properties
                 * @deprecated Use keyferry.bridge.v1.Credit.$Properties instead.
                 */

                /**
                 * Shape of a Credit.
                 * @typedef {keyferry.bridge.v1.Credit.$Properties} keyferry.bridge.v1.Credit.$Shape
                 */

                /**
                 * Constructs a new Credit.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Credit.
                 * @constructor
                 * @param {keyferry.bridge.v1.Credit.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Credit = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Credit parts.
                 * @member {number} parts
                 * @memberof keyferry.bridge.v1.Credit
                 * @instance
                 */
                Credit.prototype.parts = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Encodes the specified Credit message. Does not implicitly {@link keyferry.bridge.v1.Credit.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Credit
                 * @static
                 * @param {keyferry.bridge.v1.Credit.$Properties} message Credit message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Credit.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.parts != null && $Object.hasOwnProperty.call(message, "parts") && (typeof message.parts === "object" ? message.parts.low || message.parts.high : message.parts !== 0))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.parts);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Credit message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Credit
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Credit & keyferry.bridge.v1.Credit.$Shape} Credit
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Credit.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Credit();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.parts = value;
                                else
                                    delete message.parts;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Credit;
            })();

            v1.KeyBlock = (function() {

                /**
                 * Properties of a KeyBlock.
                 * @typedef {Object} keyferry.bridge.v1.KeyBlock.$Properties
                 * @property {number|null} [number] KeyBlock number
                 * @property {Uint8Array|null} [bytes] KeyBlock bytes
                 * @property {number|null} [offset] KeyBlock offset
                 * @property {number|null} [total] KeyBlock total
                 * @property {number|null} [qber] KeyBlock qber
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a KeyBlock.
                 * @memberof keyferry.bridge.v1
                 * @interface IKeyBlock
                 * @augments keyferry.bridge.v1.KeyBlock.$Properties
                 * @deprecated Use keyferry.bridge.v1.KeyBlock.$Properties instead.
                 */

                /**
                 * Shape of a KeyBlock.
                 * @typedef {keyferry.bridge.v1.KeyBlock.$Properties} keyferry.bridge.v1.KeyBlock.$Shape
                 */

                /**
                 * Constructs a new KeyBlock.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a KeyBlock.
                 * @constructor
                 * @param {keyferry.bridge.v1.KeyBlock.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const KeyBlock = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * KeyBlock number.
                 * @member {number} number
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @instance
                 */
                KeyBlock.prototype.number = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * KeyBlock bytes.
                 * @member {Uint8Array} bytes
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @instance
                 */
                KeyBlock.prototype.bytes = $util.newBuffer([]);

                /**
                 * KeyBlock offset.
                 * @member {number} offset
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @instance
                 */
                KeyBlock.prototype.offset = 0;

                /**
                 * KeyBlock total.
                 * @member {number} total
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @instance
                 */
                KeyBlock.prototype.total = 0;

                /**
                 * KeyBlock qber.
                 * @member {number|null|undefined} qber
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @instance
                 */
                KeyBlock.prototype.qber = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(KeyBlock.prototype, "_qber", {
                    get: $util.oneOfGetter($oneOfFields = ["qber"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified KeyBlock message. Does not implicitly {@link keyferry.bridge.v1.KeyBlock.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @static
                 * @param {keyferry.bridge.v1.KeyBlock.$Properties} message KeyBlock message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                KeyBlock.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.number != null && $Object.hasOwnProperty.call(message, "number") && (typeof message.number === "object" ? message.number.low || message.number.high : message.number !== 0))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.number);
                    if (message.bytes != null && $Object.hasOwnProperty.call(message, "bytes") && message.bytes.length)
                        writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.bytes);
                    if (message.offset != null && $Object.hasOwnProperty.call(message, "offset") && message.offset !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.offset);
                    if (message.total != null && $Object.hasOwnProperty.call(message, "total") && message.total !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.total);
                    if (message.qber != null && $Object.hasOwnProperty.call(message, "qber"))
                        writer.uint32(/* id 5, wireType 1 =*/41).double(message.qber);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a KeyBlock message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.KeyBlock
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.KeyBlock & keyferry.bridge.v1.KeyBlock.$Shape} KeyBlock
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                KeyBlock.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.KeyBlock();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.number = value;
                                else
                                    delete message.number;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.bytes = value;
                                else
                                    delete message.bytes;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.offset = value;
                                else
                                    delete message.offset;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.total = value;
                                else
                                    delete message.total;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 1)
                                    break;
                                message.qber = reader.double();
                                message._qber = "qber";
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return KeyBlock;
            })();

            v1.Acknowledge = (function() {

                /**
                 * Properties of an Acknowledge.
                 * @typedef {Object} keyferry.bridge.v1.Acknowledge.$Properties
                 * @property {Array.<number>|null} [stored] Acknowledge stored
                 * @property {keyferry.bridge.v1.Refused.$Properties|null} [refused] Acknowledge refused
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Acknowledge.
                 * @memberof keyferry.bridge.v1
                 * @interface IAcknowledge
                 * @augments keyferry.bridge.v1.Acknowledge.$Properties
                 * @deprecated Use keyferry.bridge.v1.Acknowledge.$Properties instead.
                 */

                /**
                 * Shape of an Acknowledge.
                 * @typedef {keyferry.bridge.v1.Acknowledge.$Properties} keyferry.bridge.v1.Acknowledge.$Shape
                 */

                /**
                 * Constructs a new Acknowledge.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents an Acknowledge.
                 * @constructor
                 * @param {keyferry.bridge.v1.Acknowledge.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Acknowledge = function (properties) {
                    this.stored = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Acknowledge stored.
                 * @member {Array.<number>} stored
                 * @memberof keyferry.bridge.v1.Acknowledge
                 * @instance
                 */
                Acknowledge.prototype.stored = $util.emptyArray;

                /**
                 * Acknowledge refused.
                 * @member {keyferry.bridge.v1.Refused.$Properties|null|undefined} refused
                 * @memberof keyferry.bridge.v1.Acknowledge
                 * @instance
                 */
                Acknowledge.prototype.refused = null;

                /**
                 * Encodes the specified Acknowledge message. Does not implicitly {@link keyferry.bridge.v1.Acknowledge.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Acknowledge
                 * @static
                 * @param {keyferry.bridge.v1.Acknowledge.$Properties} message Acknowledge message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Acknowledge.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.stored != null && message.stored.length)
                        writer.uint32(/* id 1, wireType 2 =*/10).uint64s(message.stored);
                    if (message.refused != null && $Object.hasOwnProperty.call(message, "refused"))
                        $root.keyferry.bridge.v1.Refused.encode(message.refused, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Acknowledge message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Acknowledge
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Acknowledge & keyferry.bridge.v1.Acknowledge.$Shape} Acknowledge
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Acknowledge.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Acknowledge();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType === 2) {
                                    if (!(message.stored && message.stored.length))
                                        message.stored = [];
                                    reader.uint64s(message.stored);
                                    continue;
                                }
                                if (wireType !== 0)
                                    break;
                                if (!(message.stored && message.stored.length))
                                    message.stored = [];
                                message.stored.push(reader.uint64());
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                message.refused = $root.keyferry.bridge.v1.Refused.decode(reader, reader.size(), $undefined, _depth + 1, message.refused);
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Acknowledge;
            })();

            v1.Refused = (function() {

                /**
                 * Properties of a Refused.
                 * @typedef {Object} keyferry.bridge.v1.Refused.$Properties
                 * @property {number|null} [number] Refused number
                 * @property {string|null} [reason] Refused reason
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Refused.
                 * @memberof keyferry.bridge.v1
                 * @interface IRefused
                 * @augments keyferry.bridge.v1.Refused.$Properties
                 * @deprecated Use keyferry.bridge.v1.Refused.$Properties instead.
                 */

                /**
                 * Shape of a Refused.
                 * @typedef {keyferry.bridge.v1.Refused.$Properties} keyferry.bridge.v1.Refused.$Shape
                 */

                /**
                 * Constructs a new Refused.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Refused.
                 * @constructor
                 * @param {keyferry.bridge.v1.Refused.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Refused = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Refused number.
                 * @member {number} number
                 * @memberof keyferry.bridge.v1.Refused
                 * @instance
                 */
                Refused.prototype.number = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Refused reason.
                 * @member {string} reason
                 * @memberof keyferry.bridge.v1.Refused
                 * @instance
                 */
                Refused.prototype.reason = "";

                /**
                 * Encodes the specified Refused message. Does not implicitly {@link keyferry.bridge.v1.Refused.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Refused
                 * @static
                 * @param {keyferry.bridge.v1.Refused.$Properties} message Refused message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Refused.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.number != null && $Object.hasOwnProperty.call(message, "number") && (typeof message.number === "object" ? message.number.low || message.number.high : message.number !== 0))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.number);
                    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.reason);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Refused message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Refused
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Refused & keyferry.bridge.v1.Refused.$Shape} Refused
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Refused.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Refused();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.number = value;
                                else
                                    delete message.number;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.reason = value;
                                else
                                    delete message.reason;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Refused;
            })();

            v1.Telemetry = (function() {

                /**
                 * Properties of a Telemetry.
                 * @typedef {Object} keyferry.bridge.v1.Telemetry.$Properties
                 * @property {number|null} [qber] Telemetry qber
                 * @property {number|null} [skr] Telemetry skr
                 * @property {number|null} [eskr] Telemetry eskr
                 * @property {number|null} [visibility] Telemetry visibility
                 * @property {keyferry.bridge.v1.LinkStatus|null} [status] Telemetry status
                 * @property {Array.<number>|null} [temperatures] Telemetry temperatures
                 * @property {Array.<number>|null} [detector_counts] Telemetry detector_counts
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Telemetry.
                 * @memberof keyferry.bridge.v1
                 * @interface ITelemetry
                 * @augments keyferry.bridge.v1.Telemetry.$Properties
                 * @deprecated Use keyferry.bridge.v1.Telemetry.$Properties instead.
                 */

                /**
                 * Shape of a Telemetry.
                 * @typedef {keyferry.bridge.v1.Telemetry.$Properties} keyferry.bridge.v1.Telemetry.$Shape
                 */

                /**
                 * Constructs a new Telemetry.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Telemetry.
                 * @constructor
                 * @param {keyferry.bridge.v1.Telemetry.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Telemetry = function (properties) {
                    this.temperatures = [];
                    this.detector_counts = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Telemetry qber.
                 * @member {number|null|undefined} qber
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.qber = null;

                /**
                 * Telemetry skr.
                 * @member {number|null|undefined} skr
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.skr = null;

                /**
                 * Telemetry eskr.
                 * @member {number|null|undefined} eskr
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.eskr = null;

                /**
                 * Telemetry visibility.
                 * @member {number|null|undefined} visibility
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.visibility = null;

                /**
                 * Telemetry status.
                 * @member {keyferry.bridge.v1.LinkStatus} status
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.status = 0;

                /**
                 * Telemetry temperatures.
                 * @member {Array.<number>} temperatures
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.temperatures = $util.emptyArray;

                /**
                 * Telemetry detector_counts.
                 * @member {Array.<number>} detector_counts
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @instance
                 */
                Telemetry.prototype.detector_counts = $util.emptyArray;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(Telemetry.prototype, "_qber", {
                    get: $util.oneOfGetter($oneOfFields = ["qber"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(Telemetry.prototype, "_skr", {
                    get: $util.oneOfGetter($oneOfFields = ["skr"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(Telemetry.prototype, "_eskr", {
                    get: $util.oneOfGetter($oneOfFields = ["eskr"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(Telemetry.prototype, "_visibility", {
                    get: $util.oneOfGetter($oneOfFields = ["visibility"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified Telemetry message. Does not implicitly {@link keyferry.bridge.v1.Telemetry.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @static
                 * @param {keyferry.bridge.v1.Telemetry.$Properties} message Telemetry message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Telemetry.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.qber != null && $Object.hasOwnProperty.call(message, "qber"))
                        writer.uint32(/* id 1, wireType 1 =*/9).double(message.qber);
                    if (message.skr != null && $Object.hasOwnProperty.call(message, "skr"))
                        writer.uint32(/* id 2, wireType 1 =*/17).double(message.skr);
                    if (message.eskr != null && $Object.hasOwnProperty.call(message, "eskr"))
                        writer.uint32(/* id 3, wireType 1 =*/25).double(message.eskr);
                    if (message.visibility != null && $Object.hasOwnProperty.call(message, "visibility"))
                        writer.uint32(/* id 4, wireType 1 =*/33).double(message.visibility);
                    if (message.status != null && $Object.hasOwnProperty.call(message, "status") && message.status !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).int32(message.status);
                    if (message.temperatures != null && message.temperatures.length)
                        writer.uint32(/* id 6, wireType 2 =*/50).doubles(message.temperatures);
                    if (message.detector_counts != null && message.detector_counts.length)
                        writer.uint32(/* id 7, wireType 2 =*/58).doubles(message.detector_counts);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Telemetry message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Telemetry
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Telemetry & keyferry.bridge.v1.Telemetry.$Shape} Telemetry
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Telemetry.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Telemetry();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 1)
                                    break;
                                message.qber = reader.double();
                                message._qber = "qber";
                                continue;
                            }
                        case 2: {
                                if (wireType !== 1)
                                    break;
                                message.skr = reader.double();
                                message._skr = "skr";
                                continue;
                            }
                        case 3: {
                                if (wireType !== 1)
                                    break;
                                message.eskr = reader.double();
                                message._eskr = "eskr";
                                continue;
                            }
                        case 4: {
                                if (wireType !== 1)
                                    break;
                                message.visibility = reader.double();
                                message._visibility = "visibility";
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.status = value;
                                else
                                    delete message.status;
                                continue;
                            }
                        case 6: {
                                if (wireType === 2) {
                                    if (!(message.temperatures && message.temperatures.length))
                                        message.temperatures = [];
                                    reader.doubles(message.temperatures);
                                    continue;
                                }
                                if (wireType !== 1)
                                    break;
                                if (!(message.temperatures && message.temperatures.length))
                                    message.temperatures = [];
                                message.temperatures.push(reader.double());
                                continue;
                            }
                        case 7: {
                                if (wireType === 2) {
                                    if (!(message.detector_counts && message.detector_counts.length))
                                        message.detector_counts = [];
                                    reader.doubles(message.detector_counts);
                                    continue;
                                }
                                if (wireType !== 1)
                                    break;
                                if (!(message.detector_counts && message.detector_counts.length))
                                    message.detector_counts = [];
                                message.detector_counts.push(reader.double());
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Telemetry;
            })();

            /**
             * LinkStatus enum.
             * @name keyferry.bridge.v1.LinkStatus
             * @enum {number}
             * @property {number} LINK_STATUS_UNSPECIFIED=0 LINK_STATUS_UNSPECIFIED value
             * @property {number} LINK_STATUS_ACTIVE=1 LINK_STATUS_ACTIVE value
             * @property {number} LINK_STATUS_PASSIVE=2 LINK_STATUS_PASSIVE value
             * @property {number} LINK_STATUS_PENDING=3 LINK_STATUS_PENDING value
             * @property {number} LINK_STATUS_OFF=4 LINK_STATUS_OFF value
             */
            v1.LinkStatus = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "LINK_STATUS_UNSPECIFIED"] = 0;
                values[valuesById[1] = "LINK_STATUS_ACTIVE"] = 1;
                values[valuesById[2] = "LINK_STATUS_PASSIVE"] = 2;
                values[valuesById[3] = "LINK_STATUS_PENDING"] = 3;
                values[valuesById[4] = "LINK_STATUS_OFF"] = 4;
                return values;
            })();

            v1.Alarm = (function() {

                /**
                 * Properties of an Alarm.
                 * @typedef {Object} keyferry.bridge.v1.Alarm.$Properties
                 * @property {string|null} [code] Alarm code
                 * @property {string|null} [text] Alarm text
                 * @property {boolean|null} [active] Alarm active
                 * @property {boolean|null} [suspect] Alarm suspect
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Alarm.
                 * @memberof keyferry.bridge.v1
                 * @interface IAlarm
                 * @augments keyferry.bridge.v1.Alarm.$Properties
                 * @deprecated Use keyferry.bridge.v1.Alarm.$Properties instead.
                 */

                /**
                 * Shape of an Alarm.
                 * @typedef {keyferry.bridge.v1.Alarm.$Properties} keyferry.bridge.v1.Alarm.$Shape
                 */

                /**
                 * Constructs a new Alarm.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents an Alarm.
                 * @constructor
                 * @param {keyferry.bridge.v1.Alarm.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Alarm = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Alarm code.
                 * @member {string} code
                 * @memberof keyferry.bridge.v1.Alarm
                 * @instance
                 */
                Alarm.prototype.code = "";

                /**
                 * Alarm text.
                 * @member {string} text
                 * @memberof keyferry.bridge.v1.Alarm
                 * @instance
                 */
                Alarm.prototype.text = "";

                /**
                 * Alarm active.
                 * @member {boolean} active
                 * @memberof keyferry.bridge.v1.Alarm
                 * @instance
                 */
                Alarm.prototype.active = false;

                /**
                 * Alarm suspect.
                 * @member {boolean} suspect
                 * @memberof keyferry.bridge.v1.Alarm
                 * @instance
                 */
                Alarm.prototype.suspect = false;

                /**
                 * Encodes the specified Alarm message. Does not implicitly {@link keyferry.bridge.v1.Alarm.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Alarm
                 * @static
                 * @param {keyferry.bridge.v1.Alarm.$Properties} message Alarm message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Alarm.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.code);
                    if (message.text != null && $Object.hasOwnProperty.call(message, "text") && message.text !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.text);
                    if (message.active != null && $Object.hasOwnProperty.call(message, "active") && message.active !== false)
                        writer.uint32(/* id 3, wireType 0 =*/24).bool(message.active);
                    if (message.suspect != null && $Object.hasOwnProperty.call(message, "suspect") && message.suspect !== false)
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.suspect);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Alarm message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Alarm
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Alarm & keyferry.bridge.v1.Alarm.$Shape} Alarm
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Alarm.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Alarm();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.text = value;
                                else
                                    delete message.text;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.active = value;
                                else
                                    delete message.active;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.suspect = value;
                                else
                                    delete message.suspect;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Alarm;
            })();

            v1.Zeroize = (function() {

                /**
                 * Properties of a Zeroize.
                 * @typedef {Object} keyferry.bridge.v1.Zeroize.$Properties
                 * @property {number|null} [token] Zeroize token
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Zeroize.
                 * @memberof keyferry.bridge.v1
                 * @interface IZeroize
                 * @augments keyferry.bridge.v1.Zeroize.$Properties
                 * @deprecated Use keyferry.bridge.v1.Zeroize.$Properties instead.
                 */

                /**
                 * Shape of a Zeroize.
                 * @typedef {keyferry.bridge.v1.Zeroize.$Properties} keyferry.bridge.v1.Zeroize.$Shape
                 */

                /**
                 * Constructs a new Zeroize.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Zeroize.
                 * @constructor
                 * @param {keyferry.bridge.v1.Zeroize.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Zeroize = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Zeroize token.
                 * @member {number} token
                 * @memberof keyferry.bridge.v1.Zeroize
                 * @instance
                 */
                Zeroize.prototype.token = 0;

                /**
                 * Encodes the specified Zeroize message. Does not implicitly {@link keyferry.bridge.v1.Zeroize.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Zeroize
                 * @static
                 * @param {keyferry.bridge.v1.Zeroize.$Properties} message Zeroize message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Zeroize.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.token);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Zeroize message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Zeroize
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Zeroize & keyferry.bridge.v1.Zeroize.$Shape} Zeroize
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Zeroize.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Zeroize();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Zeroize;
            })();

            v1.Zeroized = (function() {

                /**
                 * Properties of a Zeroized.
                 * @typedef {Object} keyferry.bridge.v1.Zeroized.$Properties
                 * @property {number|null} [token] Zeroized token
                 * @property {number|null} [blocks] Zeroized blocks
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Zeroized.
                 * @memberof keyferry.bridge.v1
                 * @interface IZeroized
                 * @augments keyferry.bridge.v1.Zeroized.$Properties
                 * @deprecated Use keyferry.bridge.v1.Zeroized.$Properties instead.
                 */

                /**
                 * Shape of a Zeroized.
                 * @typedef {keyferry.bridge.v1.Zeroized.$Properties} keyferry.bridge.v1.Zeroized.$Shape
                 */

                /**
                 * Constructs a new Zeroized.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Zeroized.
                 * @constructor
                 * @param {keyferry.bridge.v1.Zeroized.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Zeroized = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Zeroized token.
                 * @member {number} token
                 * @memberof keyferry.bridge.v1.Zeroized
                 * @instance
                 */
                Zeroized.prototype.token = 0;

                /**
                 * Zeroized blocks.
                 * @member {number} blocks
                 * @memberof keyferry.bridge.v1.Zeroized
                 * @instance
                 */
                Zeroized.prototype.blocks = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Encodes the specified Zeroized message. Does not implicitly {@link keyferry.bridge.v1.Zeroized.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Zeroized
                 * @static
                 * @param {keyferry.bridge.v1.Zeroized.$Properties} message Zeroized message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Zeroized.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.token);
                    if (message.blocks != null && $Object.hasOwnProperty.call(message, "blocks") && (typeof message.blocks === "object" ? message.blocks.low || message.blocks.high : message.blocks !== 0))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.blocks);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Zeroized message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Zeroized
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Zeroized & keyferry.bridge.v1.Zeroized.$Shape} Zeroized
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Zeroized.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Zeroized();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.blocks = value;
                                else
                                    delete message.blocks;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Zeroized;
            })();

            /**
             * Action enum.
             * @name keyferry.bridge.v1.Action
             * @enum {number}
             * @property {number} ACTION_UNSPECIFIED=0 ACTION_UNSPECIFIED value
             * @property {number} ACTION_START=1 ACTION_START value
             * @property {number} ACTION_STOP=2 ACTION_STOP value
             * @property {number} ACTION_SELF_TEST=3 ACTION_SELF_TEST value
             * @property {number} ACTION_IDENTIFY=4 ACTION_IDENTIFY value
             */
            v1.Action = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "ACTION_UNSPECIFIED"] = 0;
                values[valuesById[1] = "ACTION_START"] = 1;
                values[valuesById[2] = "ACTION_STOP"] = 2;
                values[valuesById[3] = "ACTION_SELF_TEST"] = 3;
                values[valuesById[4] = "ACTION_IDENTIFY"] = 4;
                return values;
            })();

            v1.Command = (function() {

                /**
                 * Properties of a Command.
                 * @typedef {Object} keyferry.bridge.v1.Command.$Properties
                 * @property {number|null} [token] Command token
                 * @property {keyferry.bridge.v1.Action|null} [action] Command action
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Command.
                 * @memberof keyferry.bridge.v1
                 * @interface ICommand
                 * @augments keyferry.bridge.v1.Command.$Properties
                 * @deprecated Use keyferry.bridge.v1.Command.$Properties instead.
                 */

                /**
                 * Shape of a Command.
                 * @typedef {keyferry.bridge.v1.Command.$Properties} keyferry.bridge.v1.Command.$Shape
                 */

                /**
                 * Constructs a new Command.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Command.
                 * @constructor
                 * @param {keyferry.bridge.v1.Command.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Command = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Command token.
                 * @member {number} token
                 * @memberof keyferry.bridge.v1.Command
                 * @instance
                 */
                Command.prototype.token = 0;

                /**
                 * Command action.
                 * @member {keyferry.bridge.v1.Action} action
                 * @memberof keyferry.bridge.v1.Command
                 * @instance
                 */
                Command.prototype.action = 0;

                /**
                 * Encodes the specified Command message. Does not implicitly {@link keyferry.bridge.v1.Command.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Command
                 * @static
                 * @param {keyferry.bridge.v1.Command.$Properties} message Command message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Command.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.token);
                    if (message.action != null && $Object.hasOwnProperty.call(message, "action") && message.action !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.action);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Command message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Command
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Command & keyferry.bridge.v1.Command.$Shape} Command
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Command.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Command();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.action = value;
                                else
                                    delete message.action;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Command;
            })();

            /**
             * Outcome enum.
             * @name keyferry.bridge.v1.Outcome
             * @enum {number}
             * @property {number} OUTCOME_UNSPECIFIED=0 OUTCOME_UNSPECIFIED value
             * @property {number} OUTCOME_DONE=1 OUTCOME_DONE value
             * @property {number} OUTCOME_FAILED=2 OUTCOME_FAILED value
             * @property {number} OUTCOME_NOT_SUPPORTED=3 OUTCOME_NOT_SUPPORTED value
             */
            v1.Outcome = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "OUTCOME_UNSPECIFIED"] = 0;
                values[valuesById[1] = "OUTCOME_DONE"] = 1;
                values[valuesById[2] = "OUTCOME_FAILED"] = 2;
                values[valuesById[3] = "OUTCOME_NOT_SUPPORTED"] = 3;
                return values;
            })();

            v1.CommandResult = (function() {

                /**
                 * Properties of a CommandResult.
                 * @typedef {Object} keyferry.bridge.v1.CommandResult.$Properties
                 * @property {number|null} [token] CommandResult token
                 * @property {keyferry.bridge.v1.Outcome|null} [outcome] CommandResult outcome
                 * @property {string|null} [text] CommandResult text
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a CommandResult.
                 * @memberof keyferry.bridge.v1
                 * @interface ICommandResult
                 * @augments keyferry.bridge.v1.CommandResult.$Properties
                 * @deprecated Use keyferry.bridge.v1.CommandResult.$Properties instead.
                 */

                /**
                 * Shape of a CommandResult.
                 * @typedef {keyferry.bridge.v1.CommandResult.$Properties} keyferry.bridge.v1.CommandResult.$Shape
                 */

                /**
                 * Constructs a new CommandResult.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a CommandResult.
                 * @constructor
                 * @param {keyferry.bridge.v1.CommandResult.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const CommandResult = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * CommandResult token.
                 * @member {number} token
                 * @memberof keyferry.bridge.v1.CommandResult
                 * @instance
                 */
                CommandResult.prototype.token = 0;

                /**
                 * CommandResult outcome.
                 * @member {keyferry.bridge.v1.Outcome} outcome
                 * @memberof keyferry.bridge.v1.CommandResult
                 * @instance
                 */
                CommandResult.prototype.outcome = 0;

                /**
                 * CommandResult text.
                 * @member {string} text
                 * @memberof keyferry.bridge.v1.CommandResult
                 * @instance
                 */
                CommandResult.prototype.text = "";

                /**
                 * Encodes the specified CommandResult message. Does not implicitly {@link keyferry.bridge.v1.CommandResult.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.CommandResult
                 * @static
                 * @param {keyferry.bridge.v1.CommandResult.$Properties} message CommandResult message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                CommandResult.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.token);
                    if (message.outcome != null && $Object.hasOwnProperty.call(message, "outcome") && message.outcome !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.outcome);
                    if (message.text != null && $Object.hasOwnProperty.call(message, "text") && message.text !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.text);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a CommandResult message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.CommandResult
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.CommandResult & keyferry.bridge.v1.CommandResult.$Shape} CommandResult
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                CommandResult.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.CommandResult();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.outcome = value;
                                else
                                    delete message.outcome;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.text = value;
                                else
                                    delete message.text;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return CommandResult;
            })();

            v1.Ping = (function() {

                /**
                 * Properties of a Ping.
                 * @typedef {Object} keyferry.bridge.v1.Ping.$Properties
                 * @property {number|null} [token] Ping token
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Ping.
                 * @memberof keyferry.bridge.v1
                 * @interface IPing
                 * @augments keyferry.bridge.v1.Ping.$Properties
                 * @deprecated Use keyferry.bridge.v1.Ping.$Properties instead.
                 */

                /**
                 * Shape of a Ping.
                 * @typedef {keyferry.bridge.v1.Ping.$Properties} keyferry.bridge.v1.Ping.$Shape
                 */

                /**
                 * Constructs a new Ping.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Ping.
                 * @constructor
                 * @param {keyferry.bridge.v1.Ping.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Ping = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Ping token.
                 * @member {number} token
                 * @memberof keyferry.bridge.v1.Ping
                 * @instance
                 */
                Ping.prototype.token = 0;

                /**
                 * Encodes the specified Ping message. Does not implicitly {@link keyferry.bridge.v1.Ping.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Ping
                 * @static
                 * @param {keyferry.bridge.v1.Ping.$Properties} message Ping message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Ping.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.token);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Ping message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Ping
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Ping & keyferry.bridge.v1.Ping.$Shape} Ping
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Ping.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Ping();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Ping;
            })();

            v1.Pong = (function() {

                /**
                 * Properties of a Pong.
                 * @typedef {Object} keyferry.bridge.v1.Pong.$Properties
                 * @property {number|null} [token] Pong token
                 * @property {number|null} [parts_sent] Pong parts_sent
                 * @property {number|null} [blocks_answered] Pong blocks_answered
                 * @property {number|null} [credit] Pong credit
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Pong.
                 * @memberof keyferry.bridge.v1
                 * @interface IPong
                 * @augments keyferry.bridge.v1.Pong.$Properties
                 * @deprecated Use keyferry.bridge.v1.Pong.$Properties instead.
                 */

                /**
                 * Shape of a Pong.
                 * @typedef {keyferry.bridge.v1.Pong.$Properties} keyferry.bridge.v1.Pong.$Shape
                 */

                /**
                 * Constructs a new Pong.
                 * @memberof keyferry.bridge.v1
                 * @classdesc Represents a Pong.
                 * @constructor
                 * @param {keyferry.bridge.v1.Pong.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Pong = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Pong token.
                 * @member {number} token
                 * @memberof keyferry.bridge.v1.Pong
                 * @instance
                 */
                Pong.prototype.token = 0;

                /**
                 * Pong parts_sent.
                 * @member {number} parts_sent
                 * @memberof keyferry.bridge.v1.Pong
                 * @instance
                 */
                Pong.prototype.parts_sent = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Pong blocks_answered.
                 * @member {number} blocks_answered
                 * @memberof keyferry.bridge.v1.Pong
                 * @instance
                 */
                Pong.prototype.blocks_answered = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Pong credit.
                 * @member {number} credit
                 * @memberof keyferry.bridge.v1.Pong
                 * @instance
                 */
                Pong.prototype.credit = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Encodes the specified Pong message. Does not implicitly {@link keyferry.bridge.v1.Pong.verify|verify} messages.
                 * @function encode
                 * @memberof keyferry.bridge.v1.Pong
                 * @static
                 * @param {keyferry.bridge.v1.Pong.$Properties} message Pong message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Pong.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.token);
                    if (message.parts_sent != null && $Object.hasOwnProperty.call(message, "parts_sent") && (typeof message.parts_sent === "object" ? message.parts_sent.low || message.parts_sent.high : message.parts_sent !== 0))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.parts_sent);
                    if (message.blocks_answered != null && $Object.hasOwnProperty.call(message, "blocks_answered") && (typeof message.blocks_answered === "object" ? message.blocks_answered.low || message.blocks_answered.high : message.blocks_answered !== 0))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.blocks_answered);
                    if (message.credit != null && $Object.hasOwnProperty.call(message, "credit") && (typeof message.credit === "object" ? message.credit.low || message.credit.high : message.credit !== 0))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.credit);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Pong message from the specified reader or buffer.
                 * @function decode
                 * @memberof keyferry.bridge.v1.Pong
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Pong & keyferry.bridge.v1.Pong.$Shape} Pong
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Pong.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.keyferry.bridge.v1.Pong();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.parts_sent = value;
                                else
                                    delete message.parts_sent;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.blocks_answered = value;
                                else
                                    delete message.blocks_answered;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.credit = value;
                                else
                                    delete message.credit;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Pong;
            })();

            return v1;
        })();

        return bridge;
    })();

    return keyferry;
})();

export {
  $root as default
};

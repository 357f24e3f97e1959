import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace keyferry. */
export namespace keyferry {

    /** Namespace bridge. */
    namespace bridge {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of an Envelope.
             * @deprecated Use keyferry.bridge.v1.Envelope.$Properties instead.
             */
            interface IEnvelope extends keyferry.bridge.v1.Envelope.$Properties {
            }

            /** Represents an Envelope. */
            class Envelope {

                /**
                 * Constructs a new Envelope.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Envelope.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Envelope hello. */
                hello?: (keyferry.bridge.v1.Hello.$Properties|null);

                /** Envelope agent_hello. */
                agent_hello?: (keyferry.bridge.v1.AgentHello.$Properties|null);

                /** Envelope credit. */
                credit?: (keyferry.bridge.v1.Credit.$Properties|null);

                /** Envelope key_block. */
                key_block?: (keyferry.bridge.v1.KeyBlock.$Properties|null);

                /** Envelope acknowledge. */
                acknowledge?: (keyferry.bridge.v1.Acknowledge.$Properties|null);

                /** Envelope telemetry. */
                telemetry?: (keyferry.bridge.v1.Telemetry.$Properties|null);

                /** Envelope alarm. */
                alarm?: (keyferry.bridge.v1.Alarm.$Properties|null);

                /** Envelope zeroize. */
                zeroize?: (keyferry.bridge.v1.Zeroize.$Properties|null);

                /** Envelope zeroized. */
                zeroized?: (keyferry.bridge.v1.Zeroized.$Properties|null);

                /** Envelope ping. */
                ping?: (keyferry.bridge.v1.Ping.$Properties|null);

                /** Envelope pong. */
                pong?: (keyferry.bridge.v1.Pong.$Properties|null);

                /** Envelope command. */
                command?: (keyferry.bridge.v1.Command.$Properties|null);

                /** Envelope command_result. */
                command_result?: (keyferry.bridge.v1.CommandResult.$Properties|null);

                /** Envelope message. */
                message?: ("hello"|"agent_hello"|"credit"|"key_block"|"acknowledge"|"telemetry"|"alarm"|"zeroize"|"zeroized"|"ping"|"pong"|"command"|"command_result");

                /**
                 * Encodes the specified Envelope message. Does not implicitly {@link keyferry.bridge.v1.Envelope.verify|verify} messages.
                 * @param message Envelope message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Envelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Envelope message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Envelope & keyferry.bridge.v1.Envelope.$Shape} Envelope
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Envelope & keyferry.bridge.v1.Envelope.$Shape;
            }

            namespace Envelope {

                /** Properties of an Envelope. */
                interface $Properties {

                    /** Envelope hello */
                    hello?: (keyferry.bridge.v1.Hello.$Properties|null);

                    /** Envelope agent_hello */
                    agent_hello?: (keyferry.bridge.v1.AgentHello.$Properties|null);

                    /** Envelope credit */
                    credit?: (keyferry.bridge.v1.Credit.$Properties|null);

                    /** Envelope key_block */
                    key_block?: (keyferry.bridge.v1.KeyBlock.$Properties|null);

                    /** Envelope acknowledge */
                    acknowledge?: (keyferry.bridge.v1.Acknowledge.$Properties|null);

                    /** Envelope telemetry */
                    telemetry?: (keyferry.bridge.v1.Telemetry.$Properties|null);

                    /** Envelope alarm */
                    alarm?: (keyferry.bridge.v1.Alarm.$Properties|null);

                    /** Envelope zeroize */
                    zeroize?: (keyferry.bridge.v1.Zeroize.$Properties|null);

                    /** Envelope zeroized */
                    zeroized?: (keyferry.bridge.v1.Zeroized.$Properties|null);

                    /** Envelope ping */
                    ping?: (keyferry.bridge.v1.Ping.$Properties|null);

                    /** Envelope pong */
                    pong?: (keyferry.bridge.v1.Pong.$Properties|null);

                    /** Envelope command */
                    command?: (keyferry.bridge.v1.Command.$Properties|null);

                    /** Envelope command_result */
                    command_result?: (keyferry.bridge.v1.CommandResult.$Properties|null);

                    /** Envelope message */
                    message?: ("hello"|"agent_hello"|"credit"|"key_block"|"acknowledge"|"telemetry"|"alarm"|"zeroize"|"zeroized"|"ping"|"pong"|"command"|"command_result");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of an Envelope. */
                type $Shape = {
                  hello?: keyferry.bridge.v1.Hello.$Shape|null;
                  agent_hello?: keyferry.bridge.v1.AgentHello.$Shape|null;
                  credit?: keyferry.bridge.v1.Credit.$Shape|null;
                  key_block?: keyferry.bridge.v1.KeyBlock.$Shape|null;
                  acknowledge?: keyferry.bridge.v1.Acknowledge.$Shape|null;
                  telemetry?: keyferry.bridge.v1.Telemetry.$Shape|null;
                  alarm?: keyferry.bridge.v1.Alarm.$Shape|null;
                  zeroize?: keyferry.bridge.v1.Zeroize.$Shape|null;
                  zeroized?: keyferry.bridge.v1.Zeroized.$Shape|null;
                  ping?: keyferry.bridge.v1.Ping.$Shape|null;
                  pong?: keyferry.bridge.v1.Pong.$Shape|null;
                  command?: keyferry.bridge.v1.Command.$Shape|null;
                  command_result?: keyferry.bridge.v1.CommandResult.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ message?: undefined; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "hello"; hello: keyferry.bridge.v1.Hello.$Shape; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "agent_hello"; hello?: null; agent_hello: keyferry.bridge.v1.AgentHello.$Shape; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "credit"; hello?: null; agent_hello?: null; credit: keyferry.bridge.v1.Credit.$Shape; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "key_block"; hello?: null; agent_hello?: null; credit?: null; key_block: keyferry.bridge.v1.KeyBlock.$Shape; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "acknowledge"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge: keyferry.bridge.v1.Acknowledge.$Shape; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "telemetry"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry: keyferry.bridge.v1.Telemetry.$Shape; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "alarm"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm: keyferry.bridge.v1.Alarm.$Shape; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "zeroize"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize: keyferry.bridge.v1.Zeroize.$Shape; zeroized?: null; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "zeroized"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized: keyferry.bridge.v1.Zeroized.$Shape; ping?: null; pong?: null; command?: null; command_result?: null }|{ message?: "ping"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping: keyferry.bridge.v1.Ping.$Shape; pong?: null; command?: null; command_result?: null }|{ message?: "pong"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong: keyferry.bridge.v1.Pong.$Shape; command?: null; command_result?: null }|{ message?: "command"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command: keyferry.bridge.v1.Command.$Shape; command_result?: null }|{ message?: "command_result"; hello?: null; agent_hello?: null; credit?: null; key_block?: null; acknowledge?: null; telemetry?: null; alarm?: null; zeroize?: null; zeroized?: null; ping?: null; pong?: null; command?: null; command_result: keyferry.bridge.v1.CommandResult.$Shape })
                );
            }

            /** Role enum. */
            enum Role {

                /** ROLE_UNSPECIFIED value */
                ROLE_UNSPECIFIED = 0,

                /** ROLE_TX value */
                ROLE_TX = 1,

                /** ROLE_RX value */
                ROLE_RX = 2
            }

            /**
             * Properties of a Hello.
             * @deprecated Use keyferry.bridge.v1.Hello.$Properties instead.
             */
            interface IHello extends keyferry.bridge.v1.Hello.$Properties {
            }

            /** Represents a Hello. */
            class Hello {

                /**
                 * Constructs a new Hello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Hello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Hello opening. */
                opening: number;

                /** Hello protocol_min. */
                protocol_min: number;

                /** Hello protocol_max. */
                protocol_max: number;

                /** Hello module_id. */
                module_id: string;

                /** Hello link_id. */
                link_id: string;

                /** Hello role. */
                role: keyferry.bridge.v1.Role;

                /** Hello firmware_version. */
                firmware_version: string;

                /** Hello max_block_bytes. */
                max_block_bytes: number;

                /** Hello max_part_bytes. */
                max_part_bytes: number;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link keyferry.bridge.v1.Hello.verify|verify} messages.
                 * @param message Hello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Hello & keyferry.bridge.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Hello & keyferry.bridge.v1.Hello.$Shape;
            }

            namespace Hello {

                /** Properties of a Hello. */
                interface $Properties {

                    /** Hello opening */
                    opening?: (number|null);

                    /** Hello protocol_min */
                    protocol_min?: (number|null);

                    /** Hello protocol_max */
                    protocol_max?: (number|null);

                    /** Hello module_id */
                    module_id?: (string|null);

                    /** Hello link_id */
                    link_id?: (string|null);

                    /** Hello role */
                    role?: (keyferry.bridge.v1.Role|null);

                    /** Hello firmware_version */
                    firmware_version?: (string|null);

                    /** Hello max_block_bytes */
                    max_block_bytes?: (number|null);

                    /** Hello max_part_bytes */
                    max_part_bytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Hello. */
                type $Shape = keyferry.bridge.v1.Hello.$Properties;
            }

            /**
             * Properties of an AgentHello.
             * @deprecated Use keyferry.bridge.v1.AgentHello.$Properties instead.
             */
            interface IAgentHello extends keyferry.bridge.v1.AgentHello.$Properties {
            }

            /** Represents an AgentHello. */
            class AgentHello {

                /**
                 * Constructs a new AgentHello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.AgentHello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AgentHello opening. */
                opening: number;

                /** AgentHello protocol_min. */
                protocol_min: number;

                /** AgentHello protocol_max. */
                protocol_max: number;

                /** AgentHello max_block_bytes. */
                max_block_bytes: number;

                /** AgentHello max_part_bytes. */
                max_part_bytes: number;

                /**
                 * Encodes the specified AgentHello message. Does not implicitly {@link keyferry.bridge.v1.AgentHello.verify|verify} messages.
                 * @param message AgentHello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.AgentHello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AgentHello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.AgentHello & keyferry.bridge.v1.AgentHello.$Shape} AgentHello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.AgentHello & keyferry.bridge.v1.AgentHello.$Shape;
            }

            namespace AgentHello {

                /** Properties of an AgentHello. */
                interface $Properties {

                    /** AgentHello opening */
                    opening?: (number|null);

                    /** AgentHello protocol_min */
                    protocol_min?: (number|null);

                    /** AgentHello protocol_max */
                    protocol_max?: (number|null);

                    /** AgentHello max_block_bytes */
                    max_block_bytes?: (number|null);

                    /** AgentHello max_part_bytes */
                    max_part_bytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AgentHello. */
                type $Shape = keyferry.bridge.v1.AgentHello.$Properties;
            }

            /**
             * Properties of a Credit.
             * @deprecated Use keyferry.bridge.v1.Credit.$Properties instead.
             */
            interface ICredit extends keyferry.bridge.v1.Credit.$Properties {
            }

            /** Represents a Credit. */
            class Credit {

                /**
                 * Constructs a new Credit.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Credit.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Credit parts. */
                parts: number;

                /**
                 * Encodes the specified Credit message. Does not implicitly {@link keyferry.bridge.v1.Credit.verify|verify} messages.
                 * @param message Credit message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Credit.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Credit message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Credit & keyferry.bridge.v1.Credit.$Shape} Credit
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Credit & keyferry.bridge.v1.Credit.$Shape;
            }

            namespace Credit {

                /** Properties of a Credit. */
                interface $Properties {

                    /** Credit parts */
                    parts?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Credit. */
                type $Shape = keyferry.bridge.v1.Credit.$Properties;
            }

            /**
             * Properties of a KeyBlock.
             * @deprecated Use keyferry.bridge.v1.KeyBlock.$Properties instead.
             */
            interface IKeyBlock extends keyferry.bridge.v1.KeyBlock.$Properties {
            }

            /** Represents a KeyBlock. */
            class KeyBlock {

                /**
                 * Constructs a new KeyBlock.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.KeyBlock.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KeyBlock number. */
                number: number;

                /** KeyBlock bytes. */
                bytes: Uint8Array;

                /** KeyBlock offset. */
                offset: number;

                /** KeyBlock total. */
                total: number;

                /** KeyBlock qber. */
                qber?: (number|null);

                /**
                 * Encodes the specified KeyBlock message. Does not implicitly {@link keyferry.bridge.v1.KeyBlock.verify|verify} messages.
                 * @param message KeyBlock message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.KeyBlock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KeyBlock message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.KeyBlock & keyferry.bridge.v1.KeyBlock.$Shape} KeyBlock
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.KeyBlock & keyferry.bridge.v1.KeyBlock.$Shape;
            }

            namespace KeyBlock {

                /** Properties of a KeyBlock. */
                interface $Properties {

                    /** KeyBlock number */
                    number?: (number|null);

                    /** KeyBlock bytes */
                    bytes?: (Uint8Array|null);

                    /** KeyBlock offset */
                    offset?: (number|null);

                    /** KeyBlock total */
                    total?: (number|null);

                    /** KeyBlock qber */
                    qber?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KeyBlock. */
                type $Shape = keyferry.bridge.v1.KeyBlock.$Properties;
            }

            /**
             * Properties of an Acknowledge.
             * @deprecated Use keyferry.bridge.v1.Acknowledge.$Properties instead.
             */
            interface IAcknowledge extends keyferry.bridge.v1.Acknowledge.$Properties {
            }

            /** Represents an Acknowledge. */
            class Acknowledge {

                /**
                 * Constructs a new Acknowledge.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Acknowledge.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Acknowledge stored. */
                stored: number[];

                /** Acknowledge refused. */
                refused?: (keyferry.bridge.v1.Refused.$Properties|null);

                /**
                 * Encodes the specified Acknowledge message. Does not implicitly {@link keyferry.bridge.v1.Acknowledge.verify|verify} messages.
                 * @param message Acknowledge message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Acknowledge.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Acknowledge message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Acknowledge & keyferry.bridge.v1.Acknowledge.$Shape} Acknowledge
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Acknowledge & keyferry.bridge.v1.Acknowledge.$Shape;
            }

            namespace Acknowledge {

                /** Properties of an Acknowledge. */
                interface $Properties {

                    /** Acknowledge stored */
                    stored?: (number[]|null);

                    /** Acknowledge refused */
                    refused?: (keyferry.bridge.v1.Refused.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Acknowledge. */
                type $Shape = keyferry.bridge.v1.Acknowledge.$Properties;
            }

            /**
             * Properties of a Refused.
             * @deprecated Use keyferry.bridge.v1.Refused.$Properties instead.
             */
            interface IRefused extends keyferry.bridge.v1.Refused.$Properties {
            }

            /** Represents a Refused. */
            class Refused {

                /**
                 * Constructs a new Refused.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Refused.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Refused number. */
                number: number;

                /** Refused reason. */
                reason: string;

                /**
                 * Encodes the specified Refused message. Does not implicitly {@link keyferry.bridge.v1.Refused.verify|verify} messages.
                 * @param message Refused message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Refused.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Refused message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Refused & keyferry.bridge.v1.Refused.$Shape} Refused
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Refused & keyferry.bridge.v1.Refused.$Shape;
            }

            namespace Refused {

                /** Properties of a Refused. */
                interface $Properties {

                    /** Refused number */
                    number?: (number|null);

                    /** Refused reason */
                    reason?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Refused. */
                type $Shape = keyferry.bridge.v1.Refused.$Properties;
            }

            /**
             * Properties of a Telemetry.
             * @deprecated Use keyferry.bridge.v1.Telemetry.$Properties instead.
             */
            interface ITelemetry extends keyferry.bridge.v1.Telemetry.$Properties {
            }

            /** Represents a Telemetry. */
            class Telemetry {

                /**
                 * Constructs a new Telemetry.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Telemetry.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Telemetry qber. */
                qber?: (number|null);

                /** Telemetry skr. */
                skr?: (number|null);

                /** Telemetry eskr. */
                eskr?: (number|null);

                /** Telemetry visibility. */
                visibility?: (number|null);

                /** Telemetry status. */
                status: keyferry.bridge.v1.LinkStatus;

                /** Telemetry temperatures. */
                temperatures: number[];

                /** Telemetry detector_counts. */
                detector_counts: number[];

                /**
                 * Encodes the specified Telemetry message. Does not implicitly {@link keyferry.bridge.v1.Telemetry.verify|verify} messages.
                 * @param message Telemetry message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Telemetry.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Telemetry message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Telemetry & keyferry.bridge.v1.Telemetry.$Shape} Telemetry
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Telemetry & keyferry.bridge.v1.Telemetry.$Shape;
            }

            namespace Telemetry {

                /** Properties of a Telemetry. */
                interface $Properties {

                    /** Telemetry qber */
                    qber?: (number|null);

                    /** Telemetry skr */
                    skr?: (number|null);

                    /** Telemetry eskr */
                    eskr?: (number|null);

                    /** Telemetry visibility */
                    visibility?: (number|null);

                    /** Telemetry status */
                    status?: (keyferry.bridge.v1.LinkStatus|null);

                    /** Telemetry temperatures */
                    temperatures?: (number[]|null);

                    /** Telemetry detector_counts */
                    detector_counts?: (number[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Telemetry. */
                type $Shape = keyferry.bridge.v1.Telemetry.$Properties;
            }

            /** LinkStatus enum. */
            enum LinkStatus {

                /** LINK_STATUS_UNSPECIFIED value */
                LINK_STATUS_UNSPECIFIED = 0,

                /** LINK_STATUS_ACTIVE value */
                LINK_STATUS_ACTIVE = 1,

                /** LINK_STATUS_PASSIVE value */
                LINK_STATUS_PASSIVE = 2,

                /** LINK_STATUS_PENDING value */
                LINK_STATUS_PENDING = 3,

                /** LINK_STATUS_OFF value */
                LINK_STATUS_OFF = 4
            }

            /**
             * Properties of an Alarm.
             * @deprecated Use keyferry.bridge.v1.Alarm.$Properties instead.
             */
            interface IAlarm extends keyferry.bridge.v1.Alarm.$Properties {
            }

            /** Represents an Alarm. */
            class Alarm {

                /**
                 * Constructs a new Alarm.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Alarm.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Alarm code. */
                code: string;

                /** Alarm text. */
                text: string;

                /** Alarm active. */
                active: boolean;

                /** Alarm suspect. */
                suspect: boolean;

                /**
                 * Encodes the specified Alarm message. Does not implicitly {@link keyferry.bridge.v1.Alarm.verify|verify} messages.
                 * @param message Alarm message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Alarm.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Alarm message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Alarm & keyferry.bridge.v1.Alarm.$Shape} Alarm
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Alarm & keyferry.bridge.v1.Alarm.$Shape;
            }

            namespace Alarm {

                /** Properties of an Alarm. */
                interface $Properties {

                    /** Alarm code */
                    code?: (string|null);

                    /** Alarm text */
                    text?: (string|null);

                    /** Alarm active */
                    active?: (boolean|null);

                    /** Alarm suspect */
                    suspect?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Alarm. */
                type $Shape = keyferry.bridge.v1.Alarm.$Properties;
            }

            /**
             * Properties of a Zeroize.
             * @deprecated Use keyferry.bridge.v1.Zeroize.$Properties instead.
             */
            interface IZeroize extends keyferry.bridge.v1.Zeroize.$Properties {
            }

            /** Represents a Zeroize. */
            class Zeroize {

                /**
                 * Constructs a new Zeroize.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Zeroize.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Zeroize token. */
                token: number;

                /**
                 * Encodes the specified Zeroize message. Does not implicitly {@link keyferry.bridge.v1.Zeroize.verify|verify} messages.
                 * @param message Zeroize message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Zeroize.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Zeroize message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Zeroize & keyferry.bridge.v1.Zeroize.$Shape} Zeroize
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Zeroize & keyferry.bridge.v1.Zeroize.$Shape;
            }

            namespace Zeroize {

                /** Properties of a Zeroize. */
                interface $Properties {

                    /** Zeroize token */
                    token?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Zeroize. */
                type $Shape = keyferry.bridge.v1.Zeroize.$Properties;
            }

            /**
             * Properties of a Zeroized.
             * @deprecated Use keyferry.bridge.v1.Zeroized.$Properties instead.
             */
            interface IZeroized extends keyferry.bridge.v1.Zeroized.$Properties {
            }

            /** Represents a Zeroized. */
            class Zeroized {

                /**
                 * Constructs a new Zeroized.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Zeroized.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Zeroized token. */
                token: number;

                /** Zeroized blocks. */
                blocks: number;

                /**
                 * Encodes the specified Zeroized message. Does not implicitly {@link keyferry.bridge.v1.Zeroized.verify|verify} messages.
                 * @param message Zeroized message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Zeroized.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Zeroized message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Zeroized & keyferry.bridge.v1.Zeroized.$Shape} Zeroized
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Zeroized & keyferry.bridge.v1.Zeroized.$Shape;
            }

            namespace Zeroized {

                /** Properties of a Zeroized. */
                interface $Properties {

                    /** Zeroized token */
                    token?: (number|null);

                    /** Zeroized blocks */
                    blocks?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Zeroized. */
                type $Shape = keyferry.bridge.v1.Zeroized.$Properties;
            }

            /** Action enum. */
            enum Action {

                /** ACTION_UNSPECIFIED value */
                ACTION_UNSPECIFIED = 0,

                /** ACTION_START value */
                ACTION_START = 1,

                /** ACTION_STOP value */
                ACTION_STOP = 2,

                /** ACTION_SELF_TEST value */
                ACTION_SELF_TEST = 3,

                /** ACTION_IDENTIFY value */
                ACTION_IDENTIFY = 4
            }

            /**
             * Properties of a Command.
             * @deprecated Use keyferry.bridge.v1.Command.$Properties instead.
             */
            interface ICommand extends keyferry.bridge.v1.Command.$Properties {
            }

            /** Represents a Command. */
            class Command {

                /**
                 * Constructs a new Command.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Command.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Command token. */
                token: number;

                /** Command action. */
                action: keyferry.bridge.v1.Action;

                /**
                 * Encodes the specified Command message. Does not implicitly {@link keyferry.bridge.v1.Command.verify|verify} messages.
                 * @param message Command message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Command.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Command message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Command & keyferry.bridge.v1.Command.$Shape} Command
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Command & keyferry.bridge.v1.Command.$Shape;
            }

            namespace Command {

                /** Properties of a Command. */
                interface $Properties {

                    /** Command token */
                    token?: (number|null);

                    /** Command action */
                    action?: (keyferry.bridge.v1.Action|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Command. */
                type $Shape = keyferry.bridge.v1.Command.$Properties;
            }

            /** Outcome enum. */
            enum Outcome {

                /** OUTCOME_UNSPECIFIED value */
                OUTCOME_UNSPECIFIED = 0,

                /** OUTCOME_DONE value */
                OUTCOME_DONE = 1,

                /** OUTCOME_FAILED value */
                OUTCOME_FAILED = 2,

                /** OUTCOME_NOT_SUPPORTED value */
                OUTCOME_NOT_SUPPORTED = 3
            }

            /**
             * Properties of a CommandResult.
             * @deprecated Use keyferry.bridge.v1.CommandResult.$Properties instead.
             */
            interface ICommandResult extends keyferry.bridge.v1.CommandResult.$Properties {
            }

            /** Represents a CommandResult. */
            class CommandResult {

                /**
                 * Constructs a new CommandResult.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.CommandResult.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CommandResult token. */
                token: number;

                /** CommandResult outcome. */
                outcome: keyferry.bridge.v1.Outcome;

                /** CommandResult text. */
                text: string;

                /**
                 * Encodes the specified CommandResult message. Does not implicitly {@link keyferry.bridge.v1.CommandResult.verify|verify} messages.
                 * @param message CommandResult message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.CommandResult.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CommandResult message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.CommandResult & keyferry.bridge.v1.CommandResult.$Shape} CommandResult
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.CommandResult & keyferry.bridge.v1.CommandResult.$Shape;
            }

            namespace CommandResult {

                /** Properties of a CommandResult. */
                interface $Properties {

                    /** CommandResult token */
                    token?: (number|null);

                    /** CommandResult outcome */
                    outcome?: (keyferry.bridge.v1.Outcome|null);

                    /** CommandResult text */
                    text?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CommandResult. */
                type $Shape = keyferry.bridge.v1.CommandResult.$Properties;
            }

            /**
             * Properties of a Ping.
             * @deprecated Use keyferry.bridge.v1.Ping.$Properties instead.
             */
            interface IPing extends keyferry.bridge.v1.Ping.$Properties {
            }

            /** Represents a Ping. */
            class Ping {

                /**
                 * Constructs a new Ping.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Ping.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Ping token. */
                token: number;

                /**
                 * Encodes the specified Ping message. Does not implicitly {@link keyferry.bridge.v1.Ping.verify|verify} messages.
                 * @param message Ping message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Ping.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Ping message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Ping & keyferry.bridge.v1.Ping.$Shape} Ping
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Ping & keyferry.bridge.v1.Ping.$Shape;
            }

            namespace Ping {

                /** Properties of a Ping. */
                interface $Properties {

                    /** Ping token */
                    token?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Ping. */
                type $Shape = keyferry.bridge.v1.Ping.$Properties;
            }

            /**
             * Properties of a Pong.
             * @deprecated Use keyferry.bridge.v1.Pong.$Properties instead.
             */
            interface IPong extends keyferry.bridge.v1.Pong.$Properties {
            }

            /** Represents a Pong. */
            class Pong {

                /**
                 * Constructs a new Pong.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: keyferry.bridge.v1.Pong.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Pong token. */
                token: number;

                /** Pong parts_sent. */
                parts_sent: number;

                /** Pong blocks_answered. */
                blocks_answered: number;

                /** Pong credit. */
                credit: number;

                /**
                 * Encodes the specified Pong message. Does not implicitly {@link keyferry.bridge.v1.Pong.verify|verify} messages.
                 * @param message Pong message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: keyferry.bridge.v1.Pong.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Pong message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {keyferry.bridge.v1.Pong & keyferry.bridge.v1.Pong.$Shape} Pong
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): keyferry.bridge.v1.Pong & keyferry.bridge.v1.Pong.$Shape;
            }

            namespace Pong {

                /** Properties of a Pong. */
                interface $Properties {

                    /** Pong token */
                    token?: (number|null);

                    /** Pong parts_sent */
                    parts_sent?: (number|null);

                    /** Pong blocks_answered */
                    blocks_answered?: (number|null);

                    /** Pong credit */
                    credit?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Pong. */
                type $Shape = keyferry.bridge.v1.Pong.$Properties;
            }
        }
    }
}

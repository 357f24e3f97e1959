-- Wireshark dissector for the Kx interface of Recommendation ITU-T Q.4163 (Appendix I) and keyferry/1 (docs/kx.md).
--
--   wireshark -X lua_script:docs/wireshark/keyferry-kx.lua          (or put it into the personal Lua plugins folder)
--   tshark -X lua_script:docs/wireshark/keyferry-kx.lua -r FILE
--
-- TCP and TLS port 4163, TLS ALPN keyferry/1, and "Decode as". For TLS, Wireshark needs the key log of a laboratory
-- (kx.lab_tls_keylog). Keys are not shown in the tree: their letters are starred out before the JSON dissector sees
-- them. The packet bytes below the tree remain what was captured.

local kx = Proto("kx", "Kx interface (ITU-T Q.4163)")

local HEADER = 10
local PORT = 4163
local VERSION = 1

local commands = {
  [0x1101] = "Key relay",
  [0x1102] = "Key relay completion notification",
  [0x1103] = "Key supply notification",
  [0x1104] = "Response to key supply notification",
  [0x11f0] = "Greeting (keyferry/1)",
  [0x11f1] = "Synchronisation: proposals (keyferry/1)",
  [0x11f2] = "Synchronisation: answers (keyferry/1)",
  [0x11f3] = "Holdings (keyferry/1)",
  [0x11fe] = "Ping (keyferry/1)",
  [0x11ff] = "Pong (keyferry/1)",
}

local f = kx.fields
f.version = ProtoField.uint16("kx.version", "Version", base.HEX)
f.message_id = ProtoField.uint32("kx.message_id", "MessageID", base.DEC)
f.command = ProtoField.uint16("kx.command", "CommandCode", base.HEX, commands)
f.length = ProtoField.uint16("kx.length", "Length", base.DEC)
f.source = ProtoField.string("kx.source_kma_id", "Source KMA ID")
f.destination = ProtoField.string("kx.destination_kma_id", "Destination KMA ID")
f.request = ProtoField.string("kx.key_relay_request_id", "Key relay request ID")
f.response = ProtoField.string("kx.response", "Response")
f.session = ProtoField.string("kx.session_id", "Session ID")
f.kma = ProtoField.string("kx.kma_id", "KMA ID")
f.key_id = ProtoField.string("kx.key_id", "Key ID")
f.key_length = ProtoField.uint32("kx.key_length", "Key, hidden (bytes)", base.DEC)
f.hop = ProtoField.bool("kx.hop", "Protected on this hop (keyferry_hop)")

local e_version = ProtoExpert.new("kx.version.unknown", "Version is not 1", expert.group.PROTOCOL, expert.severity.ERROR)
local e_command = ProtoExpert.new("kx.command.unknown", "Command code of no table", expert.group.PROTOCOL, expert.severity.ERROR)
local e_json = ProtoExpert.new("kx.payload.malformed", "Payload is no JSON object", expert.group.MALFORMED, expert.severity.ERROR)
kx.experts = { e_version, e_command, e_json }

-- Fields of the tree by the words of the member's name. Q.4163 names parameters, not members: any spelling of the
-- same words is the same member.
local shown = {
  sourcekmaid = f.source,
  destinationkmaid = f.destination,
  keyrelayrequestid = f.request,
  response = f.response,
  sessionid = f.session,
  kmaid = f.kma,
  keyid = f.key_id,
}

local function words(name)
  return (name:gsub("[ _-]", "")):lower()
end

-- What may be shown of the members of an object or the elements of an array with this name: "hidden" is key, its
-- extension (a hash of key is not for showing either); in "keys" only the key ID is shown, the rest may be key.
local function secrecy(name, around)
  if around == "hidden" or name == "key" or name == "keyextension" then return "hidden" end
  if name == "keys" then return "keys" end
  if around == "keys" and name ~= nil then return name == "keyid" and "shown" or "hidden" end
  return around
end

-- Walks the payload. Returns the texts that stand for a value, and of other values those that are hidden: words of the member's
-- name, first and last position in the payload, whether it is hidden; and whether quotes and brackets come out even.
local function texts_of(text)
  local found = {}
  local at, depth = 1, 0
  local names, around = {}, { [0] = "shown" }
  local name, in_object = nil, {}
  while true do
    local from = text:find('["{}%[%],:]', at)
    if from == nil then break end
    -- A number, true, false or null.
    if text:sub(at, from - 1):find("%S") and secrecy(name, around[depth]) ~= "shown" then
      found[#found + 1] = { first = at, last = from - 1, hidden = true, literal = true }
    end
    local letter = text:sub(from, from)
    at = from + 1
    if letter == '"' then
      local close = at
      while true do
        close = text:find('["\\]', close)
        if close == nil then return found, false end
        if text:sub(close, close) == '"' then break end
        close = close + 2
      end
      if name == nil and in_object[depth] then
        names[depth] = words(text:sub(at, close - 1))
      else
        local hidden = secrecy(name, around[depth])
        found[#found + 1] = { name = name, first = at, last = close - 1, hidden = hidden ~= "shown" }
      end
      at = close + 1
    elseif letter == ":" then
      name = names[depth]
    elseif letter == "{" or letter == "[" then
      around[depth + 1] = secrecy(name, around[depth])
      depth = depth + 1
      in_object[depth] = letter == "{"
      name = nil
    else
      if letter ~= "," then depth = depth - 1 end
      if depth < 0 then return found, false end
      name = nil
    end
  end
  return found, depth == 0
end

local function decoded_bytes(letters)
  local padding = #letters:match("=*$")
  return math.floor(#letters / 4) * 3 - padding
end

local json = Dissector.get("json")

local function dissect_payload(range, pinfo, tree)
  local text = range:raw()
  local found, even = texts_of(text)
  if not even or not text:match("^%s*{") then
    tree:add_proto_expert_info(e_json)
    return
  end
  local masked, from = {}, 1
  for _, member in ipairs(found) do
    local at = range:range(member.first - 1, member.last - member.first + 1)
    local letters = text:sub(member.first, member.last)
    if member.hidden then
      if member.name == "key" then tree:add(f.key_length, at, decoded_bytes(letters)) end
      masked[#masked + 1] = text:sub(from, member.first - 1)
      masked[#masked + 1] = member.literal and "0" .. (" "):rep(#letters - 1) or ("*"):rep(#letters)
      from = member.last + 1
    elseif shown[member.name] ~= nil then
      tree:add(shown[member.name], at, letters)
    end
    if member.name == "response" or member.name == "keyrelayrequestid" then
      pinfo.cols.info:append(" " .. letters)
    end
  end
  masked[#masked + 1] = text:sub(from)
  if text:find('"keyferry_hop"', 1, true) then tree:add(f.hop, true) end
  local without_key = ByteArray.new(table.concat(masked), true):tvb("Kx payload, keys starred out")
  local info, protocol = tostring(pinfo.cols.info), tostring(pinfo.cols.protocol)
  json:call(without_key, pinfo, tree)
  pinfo.cols.info, pinfo.cols.protocol = info, protocol
end

local function dissect_message(tvb, pinfo, root)
  local version, code = tvb(0, 2):uint(), tvb(6, 2):uint()
  local name = commands[code] or string.format("Unknown command 0x%04x", code)
  local tree = root:add(kx, tvb(), "Kx: " .. name .. ", message " .. tvb(2, 4):uint())
  local version_item = tree:add(f.version, tvb(0, 2))
  if version ~= VERSION then version_item:add_proto_expert_info(e_version) end
  tree:add(f.message_id, tvb(2, 4))
  local command_item = tree:add(f.command, tvb(6, 2))
  if commands[code] == nil then command_item:add_proto_expert_info(e_command) end
  tree:add(f.length, tvb(8, 2))
  pinfo.cols.protocol = "Kx"
  local before = tostring(pinfo.cols.info)
  if pinfo.private["kx"] == nil then pinfo.cols.info = name else pinfo.cols.info = before .. "; " .. name end
  pinfo.private["kx"] = "seen"
  if tvb:len() > HEADER then dissect_payload(tvb(HEADER), pinfo, tree) end
  return tvb:len()
end

local function message_length(tvb, _, offset)
  return HEADER + tvb(offset + 8, 2):uint()
end

function kx.dissector(tvb, pinfo, root)
  dissect_tcp_pdus(tvb, root, HEADER, message_length, dissect_message)
  return tvb:len()
end

DissectorTable.get("tcp.port"):add(PORT, kx)
DissectorTable.get("tls.port"):add(PORT, kx)
DissectorTable.get("tls.alpn"):add("keyferry/1", kx)

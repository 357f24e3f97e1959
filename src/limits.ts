import { keyLimits } from './key-limits.ts';

/**
 * Every maximum in the agent. A length, a count or a time that comes from outside is compared with one of these before
 * anything is allocated for it. Units are in the names: bytes, bits, milliseconds, or a plain count.
 */
export const limits = {
  /** How long systemd's own helper may take to pass on one word of ours. */
  supervisorHelperMs: 5_000,
  /** An agent that ended soon after its start, twice and more often in a row, waits before it starts: from so long, doubling, to so long. */
  restartWaitMsMin: 2_000,
  restartWaitMsMax: 60_000,
  /** How long a reload waits for a module to close. */
  linkCloseMs: 10_000,
  /** The same where the agent stops: a program that will not end takes somewhat less. */
  linkStopMs: 4_000,
  /** After its start, when the first connections are made. */
  giveBackMemoryMs: 2_000,
  /** It did not end soon when it was up for so long. */
  restartSettledMs: 60_000,
  /** Identifier of a KMA or of a cryptographic application (SAE), in characters. */
  idCharsMax: 64,

  ...keyLimits,

  // Modules.
  modulesMax: 64,
  /** A HID module that takes no reports holds one of them for seconds: the disk is still synced while several do. */
  poolThreads: 16,
  bridgeMessageBytesMax: (1 << 16) + 1024,
  /** A raw key block; what is longer than `blockBytesMax` is kept as several blocks. */
  bridgeBlockBytesMax: 16 << 20,
  /** Key in one message; a longer block comes in parts. */
  bridgePartBytesMin: 64,
  bridgePartBytesMax: 1 << 16,
  /** Parts under way to the agent at most. */
  moduleCreditPartsMax: 64,
  /** Blocks with the agent and without an answer. */
  moduleBlocksUnansweredMax: 64,
  /** Openings in a row on one port in which no block was answered. */
  bridgeRenewalsMax: 16,
  /** Measurements of one kind in one telemetry message. */
  bridgeReadingsMax: 8,
  /** How long a module may take for a command. */
  bridgeCommandMs: 60_000,
  /** A channel takes fresh keys when it is this old, or has sealed so much. */
  bridgeChannelMs: 3_600_000,
  bridgeChannelRecordsMax: 2 ** 32,
  /** Records on one port that could not be opened. */
  bridgeRecordsDroppedMax: 64,
  /** Bytes on one port without one message whose check sum is right: some fifteen of the longest frames. */
  bridgeNoiseBytesMax: 1 << 20,
  portBackOffMsMin: 100,
  portBackOffMsMax: 10_000,
  portSilenceMs: 5_000,
  portPingMs: 1_000,
  /** Pings without an answer: two minutes of them, as long as a slow line may hold a full window of blocks. */
  bridgePingsMax: 120,
  /** Envelopes to a module: with what a record adds, 256 bytes. */
  bridgeAgentEnvelopeBytesMax: 231,
  /** Blocks answered in one message. */
  bridgeAnswersMax: 32,
  bridgeIdBytesMax: 64,
  bridgeTextBytesMax: 128,
  /** On a slow line key for so long may be under way. */
  bridgeWindowSeconds: 30,
  /** Linux keeps 63 reports for a slow reader: so many may be key, the rest is for what needs no credit. */
  hidKeyReportsMax: 48,
  /** Reports of a longest part. */
  hidPartReports: 12,
  hidReportBytesMin: 64,
  hidReportBytesMax: 1_024,
  /** Bytes that wait for a module which does not read. */
  portQueueBytesMax: 64 << 10,
  serialPortsMax: 256,
  /** What a recorded session of a device may have. */
  recordedPartsMax: 100_000,
  recordedBytesMax: 64 << 20,
  /** A program that stands for a module: open files, bytes of memory, how long it may take to end when told to. */
  programFilesMax: 256,
  programMemoryBytesMax: 1 << 30,
  programStopMs: 2_000,
  programArgumentsMax: 64,
  /** Of what such a program writes to stderr: bytes of a line, lines a minute. */
  programLineBytesMax: 256,
  programLinesPerMinuteMax: 60,
  /** One key file, without its header; files delivered and not yet answered. */
  keyFileBytesMax: 1 << 16,
  keyFilesUnderWayMax: 64,
  /** Key files: of one folder those with the lowest numbers are looked at, how often, and how long a file must have stood still. */
  keyFilesMax: 4_096,
  /** Files that cannot be right and are looked at no more; how many of them in turn, whether they have changed. */
  keyFilesAsideMax: 65_536,
  keyFilesAsideLooks: 512,
  keyFilePollMs: 1_000,
  keyFileSettledMs: 1_000,
  /** How often what was left of erasing is swept up, and files that could not be overwritten are told of. */
  keyFileSweepMs: 60_000,
  keyFileRemainsMs: 600_000,
  /** A module of lines: its silence between a question and the answer, and all the time but that of a longest line. */
  linesAnswerMs: 3_000,
  linesAnswerMsMax: 10_000,
  /** Bytes that a simulated module sends ahead of a reader: more than a window of the longest blocks. */
  simulatorQueueBytesMax: 8 << 20,
  simulatorBufferBlocksMax: 65_536,
  simulatorBufferBytesMax: 256 << 20,

  // Kx.
  peersMax: 256,
  kxHeaderBytes: 10,
  /** The payload length is a two-byte field (Q.4163 Appendix I). */
  kxPayloadBytesMax: 65_535,
  jsonDepthMax: 16,
  jsonMembersMax: 64,
  jsonTokensMax: 16_384,
  relayKeysMax: 400,
  relayKeyBytesMax: 16_384,
  /** Messages that one relay request may have. */
  relayPartsMax: 64,
  /** KMA-keys that one relay request may have: that many messages, of one key less than each may have. */
  relayRequestKeysMax: 64 * 399,
  transitMax: 16,
  /** What a completion or a response says, in characters: a reason, in whatever words (Q.4163 Tables 2 and 4). */
  responseCharsMax: 1_024,
  /** What of it is repeated in logs, errors and the status. */
  responseCharsShown: 64,
  routesMax: 256,
  /** KMA-keys that one relay pool may be told to keep. */
  poolKeysMax: 1_000_000,
  padSegmentsMax: 32,
  /** A hop entry of the greatest length, and the end of the payload behind it. */
  hopEntryBytesMax: 925,
  syncProposalsMax: 256,
  pendingProposalsMax: 4_096,
  /** Own blocks proposed and not answered yet. */
  proposalsOutstandingMax: 2_048,
  reproposeMs: 30_000,
  syncChunk: 16,
  /** Messages of one connection that may be malformed or not authentic. */
  badMessagesMax: 8,
  /** Messages of a plain peer, a second, that are refused in words and do not count as bad. */
  toldMessagesPerSecond: 1,
  /** Longer malformed messages are not looked into for what is wrong with them; the first bad one of a connection may be longer. */
  explainedBytesMax: 8_192,
  explainedFirstBytesMax: 65_536,
  alarmsMax: 64,
  refillTickMs: 50,
  refillsUnderwayMax: 2,
  refillBackOffMsMin: 500,
  refillBackOffMsMax: 15_000,
  /** Link-pool key that a refill leaves for completions. */
  padReserveUnits: 64,
  relaysInFlightMax: 4_096,
  /** Relays remembered in transit for one neighbour, and requests of several messages under way from one source. */
  relaysPerPeerMax: 2_048,
  /** Relays under way to one destination: one, and more when there are keys for whole messages. */
  relayTransfersMax: 8,
  /** Keys of one plain KM. */
  foreignBytesMax: 64 << 20,
  /** Keys held of one plain KMA. */
  foreignKeysMax: 1 << 20,
  /** IDs of used and outdated keys of one plain KMA that are remembered. */
  foreignGoneMax: 1 << 20,
  relayTimeoutMs: 30_000,
  /** How often one request begins anew when one of its ends has lost what both shared. */
  relayBeginningsMax: 8,
  /** One that waits for those before it is given up after so long. Long enough to have its own turn when the first of them comes to nothing. */
  relayQueueMs: 45_000,
  relayNotSentRetryMs: 100,
  relayRetryMs: 3_000,
  peerQueueBytesMax: 8 << 20,
  /** Messages of a peer that are being worked on; beyond it nothing more is read from the peer. */
  messagesInFlightMax: 256,
  kxHandshakeMs: 10_000,
  kxConnectionsMax: 1_024,
  /** Handshakes under way, of all strangers together and of one host. */
  kxHandshakesMax: 256,
  kxHandshakesPerHostMax: 16,
  /** Handshakes that one host may begin: so many at once, then so many a second. One of which no peer came counts as several. */
  kxHandshakeBurst: 64,
  kxHandshakesPerSecond: 8,
  kxHandshakeLostCost: 4,
  /** Hosts whose handshakes are counted. */
  gateHostsMax: 4_096,
  /** Connections that one peer may make: so many at once, then so many a second. */
  peerConnectsBurst: 32,
  peerConnectsPerSecond: 4,
  kxTickMs: 1_000,
  kxPingMs: 5_000,
  /** Pings and pongs that a peer may send between two ticks. */
  kxPingsPerTickMax: 16,
  kxSilenceMs: 15_000,
  /** From the first byte of a message to its last. */
  kxFrameMs: 10_000,
  /** How long a peer may take nothing of what waits for it: a burst needs that long over a slow line. */
  kxTakeMs: 60_000,
  /** How long a plain peer, which cannot be pinged, may say nothing at all after a request. */
  kxAnswerMs: 30_000,
  /** How often the certificates of open connections are held against the clock. */
  kxExpiryTickMs: 1_000,
  /** Least time between two log lines on connections that were refused before a peer was known. */
  refusedLogMs: 1_000,
  refusedKindsMax: 16,
  /** Lines of the log about one event of one peer or link in such a time. */
  logSpareMs: 1_000,
  logLinesMax: 20,
  logTalliesMax: 4_096,
  dialBackOffMsMin: 100,
  dialBackOffMsMax: 10_000,

  // Supply (GS QKD 014).
  supplyConnectionsMax: 1_024,
  /** Handshakes under way, of all strangers together and of one host. */
  supplyHandshakesMax: 512,
  supplyHandshakesPerHostMax: 128,
  supplyBodyBytesMax: 64 << 10,
  supplyUrlCharsMax: 16 << 10,
  supplyKeysPerRequestMax: 128,
  /** How often IDs that do not open for their applications are tried for others, so that these may be told apart: some 5 ms. */
  supplyRefusalTriesMax: 1_024,
  supplyRequestMs: 30_000,
  /** Request line and header fields together; more than the longest URL. */
  supplyHeaderBytesMax: 24 << 10,
  supplyHandshakeMs: 10_000,
  supplyHeaderMs: 10_000,
  /** How long a connection may stay open without a request. */
  supplyIdleMs: 60_000,
  /** How long answers under way may take when the agent stops. */
  supplyCloseMs: 5_000,
  supplyConnectionsPerApplicationMax: 128,
  /** Requests that a client may send on one connection before it has read the answers. */
  supplyPipelineMax: 16,
  applicationsMax: 256,

  // Key supply notification, and what is pushed to applications.
  sessionsMax: 256,
  /** Notifications that wait for their response, at their source or in transit. */
  supplyNoticesMax: 4_096,
  supplyNoticesPerPeerMax: 1_024,
  supplyNoticeMs: 10_000,
  /** How long an application's request for key waits for a far KM that chooses the keys. */
  supplySessionMs: 2_000,
  /** Requests of one session that wait for the one before them. */
  supplySessionWaitersMax: 64,
  /** Streams of one application: one for each master. */
  supplyStreamsPerApplicationMax: 16,
  supplyHeartbeatMs: 10_000,
  /** Pushes to one stream that its socket has not taken: so many are lost when it breaks. */
  supplyPushesUnderwayMax: 8,
  /** Pushes to one stream that wait for those; no key has been opened for them. A few stalled streams must not use up a neighbour's share. */
  supplyPushesWaitingMax: 128,
  /** How long a push may wait, and how long the socket may take with one. */
  supplyPushMs: 5_000,

  // Tools.
  /** A capture that `keyferry decode` reads. */
  decodeBytesMax: 64 << 20,
  /** Messages of a KM under test that wait to be looked at. */
  probeMessagesMax: 4_096,

  // Audit.
  /** The audit trail's files together: least, usual, most. */
  auditBytesMin: 1 << 20,
  auditBytesDefault: 256 << 20,
  auditBytesMax: 2 ** 40,
  /** One of them has an eighth of all, and at most so many bytes. */
  auditFileShare: 8,
  auditFileBytesMax: 32 << 20,
  /** A line: 128 key IDs of the longest form fit. */
  auditLineBytesMax: 1 << 17,
  /** Of the newest file, what is looked at when the agent starts. */
  auditTailBytes: 1 << 20,
  /** Lines that the disk has not taken yet. */
  auditQueueBytesMax: 16 << 20,
  /** How long a line may wait to be written, and then for the disk's sync: a crash of the machine costs no more than both. */
  auditWriteMs: 20,
  auditSyncMs: 500,
  auditRetryMs: 1_000,
  /** How often the trail is sealed under the node key and its head remembered in the store. */
  auditSealMs: 10_000,
  auditSealLines: 4_096,
  /** What somebody outside can repeat goes on record at once, then together for so long, so many kinds of each name and origin apart. */
  auditSumMs: 10_000,
  auditSumKindsMax: 32,
  auditSumsMax: 1_024,
  /** Shipping: bytes read and handed to the socket at once, and how often the collector is asked to acknowledge. */
  auditShipBytes: 1 << 16,
  auditShipTickMs: 500,
  auditShipAcknowledgeMs: 30_000,
  auditShipWaitMs: 10_000,
  auditShipStopMs: 2_000,
  auditShipBackOffMsMin: 500,
  auditShipBackOffMsMax: 60_000,

  // Control.
  controlBodyBytesMax: 64 << 10,
  controlRequestMs: 120_000,
  controlLookMs: 10_000,
  configBytesMax: 1 << 20,
} as const;

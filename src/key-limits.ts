/** The part of `limits` that is about the life of key. Everyone reads it there. */
export const keyLimits = {
  /** One KMA-key, the unit in which pads and KSA-keys are taken from a block. */
  unitBytes: 32,
  /** One block: 32,768 KMA-keys of 256 bits. */
  blockBytesMax: 1 << 20,
  blockUnitsMax: 1 << 15,
  /** Block numbers fit the sealed address of a KSA-key's ID. */
  blockNumberMax: 2 ** 38 - 1,
  /** KMA-keys in one KSA-key. */
  ksaKeyUnitsMax: 32,
  ksaKeyBytesMax: 1024,
  burnStrideUnitsMin: 16,
  burnStrideUnitsMax: 16_384,
  burnStrideMs: 500,
  /** KMA-keys of theirs that are burnt before anybody asks for them: a crash loses that many, and half as many behind them. */
  openAheadUnitsMax: 64,
  /** How long after it was last moved that window is closed. */
  openAheadIdleMs: 1_000,
  /** Numbers of relayed blocks that one durable step reserves. */
  numberStride: 1024,
  tombstonePruneEvery: 1024,
  /** A block whose number lies this far behind the newest of its side is refused as long gone. */
  blockNumberWindow: 65_536,
  destroyRetryMs: 5_000,
  /** Key is destroyed when it is this old, unless the configuration says otherwise. The far end keeps it a little longer, for what was taken in the last minute. */
  ownKeyLifetimeMs: 24 * 3_600_000,
  theirKeyExtraMs: 3_600_000,
  keyLifetimeHoursMax: 720,
  /** What a pool holds when the configuration says nothing of it, and the most that it may say. */
  poolBytesUsual: 64 << 20,
  poolBytesMax: 2 ** 33,
  /** Beyond so many blocks of one direction, each counts as at least so many KMA-keys of the pool's maximum. */
  poolBlocksFree: 1_024,
  blockUnitsCounted: 32,
  /** While both ends are there a block is agreed on within so long, or makes room for others when its direction is full. */
  agreementMs: 120_000,
  /** In a full direction such blocks are looked for so often at most. */
  roomSoughtMs: 1_000,
  /** A block that the other end has not agreed on for so long never will be. */
  unansweredMs: 3_600_000,
  /** How long an application may take to fetch key of a block from which the owner takes no more. */
  unfetchedMs: 600_000,
  retentionTickMs: 1_000,
  retentionBatch: 256,
  /** How long a write that nobody waits for may wait for one that somebody does. */
  lazyCommitMs: 1_000,
  /** Blocks shorter than this are rows of the database; longer ones have a place in the block file. */
  blockFileBytesMin: 16 << 10,
  blockFileGranuleBytes: 4_096,
  /** Buffers of a block's size that are kept for the next one. */
  blockFileSpareBuffers: 4,
  /** Guarded memory for secrets: the blocks below, and those on their way in. */
  secretBytesMax: 256 << 20,
  /** Faults that a check of the store tells in words; the others it counts. */
  storeFaultsMax: 100,
  /** A wall clock that stands so far behind what the store has seen was set back. */
  clockBackMs: 60_000,
  /** One that leaps ahead so far may be wrong: for a while nothing is destroyed by age. */
  clockAheadMs: 3_600_000,
  clockAheadHoldMs: 600_000,
  /** How long an operator is told that it went back, at most: key of before has had its time by then. */
  clockBackToldMs: 25 * 3_600_000,
  clockTickMs: 5_000,
  /** Decrypted blocks held in memory, over all pools. */
  openBlocksMax: 64,
  /** Epochs of one direction of a pool. The owner keeps fewer: what it takes in one has to be found at the other end. */
  ownIdEpochsMax: 8,
  theirIdEpochsMax: 16,

  /** How long a zeroization waits for what its modules say of theirs. */
  zeroizeModuleMs: 600,
  zeroizeReasonCharsMax: 256,
  /** How often the file of a tamper switch is read. */
  tamperPollMs: 100,
  /** How long the command waits for the agent's answer, before it destroys the files itself. */
  zeroizeAnswerMs: 800,
  /** How often a running agent looks for the mark of a zeroization that did not reach it, and how long that waits for the agent to end. */
  zeroizedPollMs: 500,
  zeroizedWaitMs: 3_000,
  /** Blocks that one answer of the control interface lists. */
  inventoryBlocksMax: 10_000,
  /** Ranges or marks of one kind in one message on what has become of blocks. */
  holdingsMax: 700,
  /** Such messages of one peer at a stretch, and a second: each is held against all own blocks. */
  holdingsBurst: 64,
  holdingsPerSecond: 8,
  /** How long blocks wait for the first telemetry of an opening, where the QBER decides. */
  firstQberMs: 5_000,
  /** Blocks of one opening that were here already, from which on that is no accident. */
  repeatedBlocksMax: 64,
  /** How long after its opening a module has told all its active alarms. */
  alarmsToldMs: 30_000,
  /** Blocks of one link whose numbers its quality gate remembers. */
  gateBlocksRemembered: 4_096,
  /** Own blocks that came so shortly before an alarm that makes them suspect are held with the later ones. */
  suspectBackMs: 60_000,
  insertRetryMs: 500,
  underwayRetryMs: 20,
  syncBatchMs: 5,
} as const;

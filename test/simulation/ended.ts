/** The life of the agent has ended: whatever it still does comes to nothing. */
export class Ended extends Error {
  constructor() {
    super('this life of the agent has ended');
  }
}

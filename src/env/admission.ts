/** Says before a handshake whether the host at the other end may begin one: a handshake costs us more than it costs a stranger. */
export interface Admission {
  /**
   * @param address IP address of the other end
   * @returns undefined when the connection is to be cut at once; otherwise to be called once when the handshake is over, with
   *   whether a peer came of it
   */
  enter(address: string): ((welcome: boolean) => void) | undefined;
}

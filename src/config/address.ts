/** Where to listen or whom to dial. `host` is a DNS name or an IP address without brackets; `port` is 0 to 65535. */
export type HostPort = { readonly host: string; readonly port: number };

const NAME_OR_V4 = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):(\d{1,5})$/;
const V6 = /^\[([0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,15})?)\]:(\d{1,5})$/;

/** Reads `HOST:PORT` or `[IPV6]:PORT`; undefined when it is neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = NAME_OR_V4.exec(text) ?? V6.exec(text);
  if (match === null) return undefined;
  const port = Number(match[2]);
  return port > 65_535 ? undefined : { host: match[1]!, port };
}

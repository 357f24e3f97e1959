/** A configuration that uses every part of the file; the reference shows it and a test loads it. */
export const configurationExample = `kma_id: A
data_directory: /var/lib/keyferry
node_key:
  file: /etc/keyferry/node.key     # or passphrase_file: FILE, or credential: NAME
rollback_guard:
  file: /media/guard/keyferry      # on another device than data_directory
tamper:
  file: /sys/class/gpio/gpio17/value
  value: "1"
control:
  socket: /run/keyferry/control.sock
log:
  level: info
audit:
  directory: /var/lib/keyferry/audit
  max_bytes: 268435456
  when_full: go_on                 # or refuse: no key without a record
  syslog:
    address: log.example:6514
    ca: syslog-ca.pem
    certificate: syslog.pem        # where the collector asks for one
    private_key: syslog.key

kx:
  listen: 0.0.0.0:4163
  certificate: kx.pem              # beside this file
  private_key: kx.key
  ca: kx-ca.pem
  peers:
    - kma_id: B
      address: 192.0.2.2:4163      # dialled
    - kma_id: D                    # waited for
    - kma_id: P                    # of another make: plain Q.4163, key protected by TLS alone
      protocol: plain
      unprotected_key: true
      member_names: sourceKmaId
  routes:
    - destination: C
      via: [B]

links:
  - peer: B
    link_id: ab-1
    driver: bridge-serial
    port:
      usb: { vendor: "0403", product: "6001", serial: SN42 }
    baud_rate: 115200
    module_key: module-ab.key      # the same 32 bytes are in the module
    qber_max: 0.08
  - peer: D
    driver: bridge-serial
    port:
      path: /dev/ttyUSB1
    unauthenticated_module: true   # any module is believed

supply:
  listen: 0.0.0.0:8443
  certificate: supply.pem
  private_key: supply.key
  client_ca: application-ca.pem    # never the one of kx.ca
  applications:
    - sae_id: app-a                # served here
      plain_kma_ids: [P]           # may fetch what P relays to this node
    - sae_id: app-b
      kma_id: B
    - sae_id: app-c
      kma_id: C
    - sae_id: app-p
      kma_id: P
  default_key_bits: 256
  max_key_bits: 4096
  max_keys_per_request: 128

pools:
  - kma_id: C
    low_water_keys: 2000
    high_water_keys: 8000
  - kma_id: B                      # the other end of a link
    max_keys: 1000000
    when_full: oldest_first
    max_age_hours: 12
`;

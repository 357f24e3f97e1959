/** Every fault that a configuration can have, and what it means. The codes are stable. */
export const faultCodes = {
  'configuration.yaml': 'The text is not one YAML 1.2 document, is too large, or uses a key twice.',
  'configuration.empty': 'The file says nothing.',
  'configuration.unknown_key': 'A key that the file has no place for, often a slip of the pen.',
  'configuration.missing': 'A field that has to be there is not.',
  'configuration.type': 'A value of the wrong kind, such as a number where text is meant.',
  'configuration.value': 'A value of the right kind that is outside its limits or badly formed.',
  'configuration.own_id': 'This node named where another is meant.',
  'configuration.duplicate': 'An ID, an address or a port that an earlier entry has.',
  'configuration.unknown_peer': 'A link or a route to a KMA that is not among `kx.peers`.',
  'configuration.unknown_driver': 'A driver that this build does not have.',
  'configuration.port_kind': 'A port of another kind than the driver works on.',
  'configuration.module_authentication':
    'A link that neither gives a key for its module nor says that it goes without, or says both.',
  'configuration.audit_shipping':
    'A syslog collector for which neither an authority is given nor that it goes without TLS, or both; or half of a certificate and its key.',
  'configuration.listen_missing': 'A peer that is waited for, with nowhere to wait.',
  'configuration.needless_route': 'A route to a KMA that a QKD link leads to.',
  'configuration.route_circle': 'A route that passes one of its own ends.',
  'configuration.unreachable': 'An application at a KMA to which no link, no route and no plain peer leads.',
  'configuration.pool_without_route':
    'A relay pool for a KMA that is neither the destination of a route nor a plain peer.',
  'configuration.plain_setting':
    'A setting for plain peers at one that is none, or two that contradict each other.',
  'configuration.plain_link': 'A QKD link to a plain peer, which cannot prove that it holds the same bits.',
  'configuration.unprotected_key':
    'Key that would go over a plain link, where `unprotected_key` does not allow it.',
  'configuration.not_plain': 'An application that may fetch keys of a plain KMA, which is none.',
  'configuration.water_marks': 'A low-water mark above the high-water mark.',
  'configuration.key_size': 'A default size or number of keys above the largest.',
  'configuration.push_here': 'Keys to be announced to the node that is meant to announce them.',
  'configuration.session': 'A session that is not between an application here and one at a neighbour.',
  'configuration.address_clash': 'Two servers on one port.',
  'configuration.dials_itself': "A peer at this node's own address.",
  'configuration.socket_path': 'A path too long for a socket.',
  'configuration.same_ca': 'One authority for key managers and applications, or one below the other.',
  'configuration.file_missing': 'A file that is named is not there.',
  'configuration.file_kind': 'Something else than what is meant is at a path.',
  'configuration.file_size': 'A file larger than one of its kind can be.',
  'configuration.file_unreadable': 'A file that may not be read.',
  'configuration.key_readable':
    'A private key, the node key or a module key that others than its owner may read.',
  'configuration.node_key': 'A file that holds no node key or no passphrase, or a salt that is damaged.',
  'configuration.module_key': 'A file that holds no module key.',
  'configuration.certificate': 'A file that holds no certificate that can be read.',
  'configuration.certificate_early': 'A certificate that is not valid yet.',
  'configuration.certificate_expired': 'A certificate that is no longer valid.',
  'configuration.certificate_name': 'A certificate whose common name is not `kma_id`.',
  'configuration.certificate_use': 'A certificate whose extended key usage does not allow what it is for.',
  'configuration.certificate_issuer':
    'A certificate that the named authority did not issue, or an authority without the one above it.',
  'configuration.certificate_refused': 'A certificate that TLS refuses all the same.',
  'configuration.certificate_revoked': "This node's own certificate, revoked by its authority.",
  'configuration.crl':
    'A file that holds no revocation list that can be read, or none of an authority of `kx.ca`.',
  'configuration.crl_expired': 'A revocation list that is not current.',
  'configuration.not_a_ca': 'A certificate named as authority that may not issue others.',
  'configuration.private_key': 'A file that holds no private key that can be read.',
  'configuration.key_mismatch': 'A private key that belongs to another certificate.',
} as const;

export type ConfigFaultCode = keyof typeof faultCodes;

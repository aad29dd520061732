// SPDX-License-Identifier: Apache-2.0

/** Names of services and their ports, services(5) and the IANA registry: those that conditions are likely to name. */
const table = `
ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37 whois 43 tacacs 49 domain 53 bootps 67 bootpc 68 tftp 69
gopher 70 finger 79 http 80 kerberos 88 pop2 109 pop3 110 sunrpc 111 auth 113 nntp 119 ntp 123 epmap 135
netbios-ns 137 netbios-dgm 138 netbios-ssn 139 imap2 143 imap 143 snmp 161 snmp-trap 162 xdmcp 177 bgp 179 irc 194
ldap 389 https 443 microsoft-ds 445 kpasswd 464 submissions 465 saft 487 isakmp 500 exec 512 biff 512 login 513
who 513 shell 514 syslog 514 printer 515 talk 517 route 520 uucp 540 dhcpv6-client 546 dhcpv6-server 547 rtsp 554
nntps 563 submission 587 ldaps 636 rsync 873 ftps-data 989 ftps 990 telnets 992 imaps 993 pop3s 995 socks 1080
openvpn 1194 ms-sql-s 1433 ms-sql-m 1434 l2f 1701 radius 1812 radius-acct 1813 nfs 2049 mysql 3306
ms-wbt-server 3389 svn 3690 epmd 4369 ipsec-nat-t 4500 sip 5060 sip-tls 5061 xmpp-client 5222 xmpp-server 5269
mdns 5353 postgresql 5432 amqps 5671 amqp 5672 x11 6000 redis 6379 ircs-u 6697 http-alt 8080 git 9418
`;

/** The port of each name. */
export const servicePorts: ReadonlyMap<string, number> = new Map(
  [...table.matchAll(/(\S+)\s+(\d+)/g)].map(([, name = "", port]) => [name, Number(port)]),
);

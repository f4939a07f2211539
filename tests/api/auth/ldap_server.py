"""An LDAP server with a few people, in a process of its own: `python ldap_server.py`.

Prints its port, and serves until its standard input ends.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from io import BytesIO
from typing import Any

from ldaptor.inmemory import fromLDIFFile
from ldaptor.interfaces import IConnectedLDAPEntry
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from twisted.internet import reactor
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.stdio import StandardIO
from twisted.python.components import registerAdapter


def hashed(password: str) -> str:
    digest = hashlib.sha1(password.encode() + b"salt").digest()
    return "{SSHA}" + base64.b64encode(digest + b"salt").decode()


PEOPLE = f"""\
dn: dc=org
dc: org
objectClass: dcObject

dn: ou=people,dc=org
ou: people
objectClass: organizationalUnit

dn: uid=ada,ou=people,dc=org
objectClass: inetOrgPerson
uid: ada
cn: Ada
sn: Lovelace
givenName: Ada
mail: ada@example.org
memberOf: cn=Ops,dc=org
userPassword: {hashed("engine")}

dn: uid=bob,ou=people,dc=org
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
userPassword: {hashed("hunter2")}

dn: uid=reader,dc=org
objectClass: inetOrgPerson
uid: reader
cn: Reader
sn: R
userPassword: {hashed("service")}

"""


class Factory(ServerFactory):
    protocol = LDAPServer

    def __init__(self, root: Any) -> None:
        self.root = root


class UntilTheEnd(Protocol):
    def connectionLost(self, reason: object = None) -> None:
        reactor.stop()  # type: ignore[attr-defined]


def serve(root: Any) -> None:
    registerAdapter(lambda factory: factory.root, Factory, IConnectedLDAPEntry)
    port = reactor.listenTCP(0, Factory(root), interface="127.0.0.1")  # type: ignore[attr-defined]
    print(port.getHost().port, flush=True)
    StandardIO(UntilTheEnd())


if __name__ == "__main__":
    fromLDIFFile(BytesIO(PEOPLE.encode())).addCallbacks(
        serve, lambda failure: sys.exit(str(failure))
    )
    reactor.run()  # type: ignore[attr-defined]

"""The process of plugins: `python -m slipstream.api.plugin_apps.child SOCKET LIFELINE`.

It loads the plugins, tells what they add, and serves their applications until the server closes the
socket, or dies.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
from typing import NoReturn

from slipstream.api.plugin_apps.applications import Applications
from slipstream.api.plugin_apps.happenings import SERVER_HOOKS
from slipstream.api.plugin_apps.hearing import Hearing
from slipstream.api.plugin_apps.orders import Serve, Told, decode_to_plugins
from slipstream.runtime import lifeline
from slipstream.runtime.fresh_imports import import_afresh_from
from slipstream.sdk._conf import settings_folders
from slipstream.sdk._listeners import is_anybody_listening
from slipstream.wire.frames import BlockingConnection, ConnectionLostError

_log = logging.getLogger(__name__)


def main() -> NoReturn:
    """Be the process of plugins on the descriptors named by the command line."""
    descriptor, place = map(int, sys.argv[1:])
    del sys.argv[1:]
    for one in (descriptor, place):
        os.set_inheritable(one, False)
    lifeline.take(place)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    connection = BlockingConnection(socket.socket(fileno=descriptor))
    applications = _load()
    told = _told(applications)
    connection.send(told)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threading.Thread(target=_obey, args=(connection, applications, loop), daemon=True).start()
    loop.run_until_complete(applications.start())
    loop.run_forever()
    os._exit(0)


def _load() -> Applications:
    from slipstream import compat
    from slipstream.runtime.loader import load_plugins

    compat.install()
    for folder in settings_folders():
        if os.path.isdir(folder) and folder not in sys.path:
            import_afresh_from(folder)
            sys.path.append(folder)
    load_plugins()
    return Applications()


def _told(applications: Applications) -> Told:
    from slipstream.sdk._plugins.description import plugin_info
    from slipstream.sdk._plugins.loading import plugins
    from slipstream.sdk._spec import plain

    return Told(
        plugins=[{key: plain(value) for key, value in one.items()} for one in plugin_info()],
        import_errors={**plugins().import_errors, **applications.errors},
        prefixes=list(applications.prefixes),
        has_middlewares=applications.has_middlewares,
        hooks=[hook for hook in dict.fromkeys(SERVER_HOOKS) if is_anybody_listening(hook)],
    )


def _obey(
    connection: BlockingConnection, applications: Applications, loop: asyncio.AbstractEventLoop
) -> None:
    """In a thread of its own, so that an application that blocks its loop can still be ended."""
    hearing = Hearing(connection.send)
    try:
        while True:
            order = decode_to_plugins(connection.receive())
            match order:
                case Serve():
                    (descriptor,) = connection.take_descriptors(1)
                    request = applications.serve(socket.socket(fileno=descriptor))
                    asyncio.run_coroutine_threadsafe(request, loop)
                case _:
                    hearing.take(order)
    except ConnectionLostError:
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, nobody would obey any more
        _log.exception("The process of plugins ends")
        os._exit(1)


if __name__ == "__main__":
    main()

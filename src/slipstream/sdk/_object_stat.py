"""What an object store tells about an object, in the words of `os.stat`."""

from __future__ import annotations

from collections.abc import Mapping
from stat import S_IFDIR, S_IFLNK, S_IFREG

from slipstream.sdk._types import UserValue


class stat_result(dict[str, UserValue]):  # noqa: N801 - the standard library's and Airflow's name
    """What a store tells about an object; `st_size` and its kin as `os.stat_result` has them."""

    def __init__(
        self, info: Mapping[str, UserValue], *, protocol: str | None, conn_id: str | None
    ) -> None:
        super().__init__(info, protocol=protocol, conn_id=conn_id)

    @property
    def st_mode(self) -> int:
        """The kind and the rights; where the store knows none, the kind alone."""
        if "mode" in self:
            return int(self["mode"])
        if self.get("islink"):
            return S_IFLNK
        return S_IFDIR if self.get("type") == "directory" else S_IFREG

    @property
    def st_size(self) -> int:
        """Bytes."""
        return int(self.get("size") or 0)

    @property
    def st_mtime(self) -> float:
        """When it was last changed, in seconds since the epoch; 0 where the store does not say."""
        for name in (
            "mtime",
            "LastModified",
            "last_modified",
            "timeModified",
            "modified",
            "updated",
        ):
            found = self.get(name)
            if found is not None:
                return float(found.timestamp() if hasattr(found, "timestamp") else found)
        return 0.0

    @property
    def st_ino(self) -> UserValue:
        """What tells the object from others."""
        return self.get("ino", 0)

    @property
    def st_dev(self) -> UserValue:
        """Where it is: the scheme and the connection."""
        return f"{self['protocol']}-{self['conn_id'] or 'env'}"

    @property
    def st_nlink(self) -> int:
        """How many names it has."""
        return int(self.get("nlink", 0))

    @property
    def st_uid(self) -> int:
        """Its owner."""
        return int(self.get("uid", 0))

    @property
    def st_gid(self) -> int:
        """Its owner's group."""
        return int(self.get("gid", 0))

"""The vendor's logo, one for each legal entity, from a folder of files."""

from dataclasses import dataclass
from pathlib import Path

from control_plane.kernel.errors import ErrorKind, TallyardError

MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
LARGEST = 1 << 20


class LogoUnusable(TallyardError):
    """A logo's file is too large."""

    code = "logo_unusable"
    kind = ErrorKind.UNAVAILABLE
    message = "The logo {name} has {size} bytes, which would make every document as large."
    remedy = "Put a file of at most {largest} bytes into the folder of TALLYARD_DOCUMENTS_DIR."


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture and what its file is called."""

    name: str
    content: bytes

    @property
    def media_type(self) -> str:
        """The picture's media type."""
        return MEDIA_TYPES[Path(self.name).suffix]


@dataclass(frozen=True, slots=True)
class LogoFolder:
    """Finds ``logo-<entity>.svg`` (or .png, .jpg), else ``logo.svg``; no folder has no logos."""

    folder: Path | None = None

    def logo(self, entity: str) -> Logo | None:
        """Return the logo of a seller.

        Raises:
            LogoUnusable: the file is larger than a document should ever become by it.
        """
        if self.folder is None or not entity.replace("-", "").replace("_", "").isalnum():
            return None
        for stem in (f"logo-{entity}", "logo"):
            for suffix in MEDIA_TYPES:
                file = self.folder / f"{stem}{suffix}"
                if file.is_file():
                    return _read(file)
        return None


def _read(file: Path) -> Logo:
    size = file.stat().st_size
    if size > LARGEST:
        raise LogoUnusable(name=file.name, size=size, largest=LARGEST)
    return Logo(f"logo{file.suffix}", file.read_bytes())

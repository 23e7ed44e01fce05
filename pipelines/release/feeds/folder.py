"""A plain folder as a feed: every picture is an image; those of one sub-folder are views of one product."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from pipelines.core import storage
from pipelines.core.errors import FeedError
from pipelines.release.feeds.rows import FeedRow, is_unicode

PICTURE_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")


def picture_files(uri: str) -> list[str]:
    """Pictures below a folder, sorted; without hidden files and folders, which desktops like to leave."""
    below = len(uri.rstrip("/")) + 1
    return [
        file
        for file in storage.list_files(uri)
        if file.lower().endswith(PICTURE_ENDINGS) and not any(part.startswith(".") for part in file[below:].split("/"))
    ]


def read_folder(uri: str) -> Iterator[FeedRow]:
    """Rows of all pictures. FeedError when there are none."""
    files = picture_files(uri)
    if not files:
        raise FeedError(f"{uri}: expected pictures ({', '.join(PICTURE_ENDINGS)}) in this folder, found none.")
    for number, file in enumerate(files, 1):
        if not is_unicode(file):
            yield FeedRow(number, problem=f"{file!r}: expected a file name in UTF-8; rename the file")
            continue
        name = PurePosixPath(file.removeprefix(uri.rstrip("/") + "/"))
        product = name.parts[0] if len(name.parts) > 1 else name.stem
        yield FeedRow(number, product_id=product, image_uri=file, image_id="_".join(name.parts), title=name.stem)

"""Which perceptual network a run uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.core.errors import MissingArtifact
from training.bundle import ModelBundle


def choose_perceptual(choice: str, base: ModelBundle | None, *, dtype: str) -> Any:
    """A perceptual network for "auto", "encoder", "download" or the path of a VGG16 file.

    Args:
        choice: see the option `--perceptual`.
        base: bundle whose encoder and heads may serve.
        dtype: precision of the run.

    Raises:
        MissingArtifact: "encoder" without a base checkpoint, or a download that failed.
        ModelBundleError: the named file is not VGG16.
    """
    from training.models.perceptual import EncoderPerceptual, download_vgg16, load_vgg16
    from training.models.style_gan import StyleGan

    plain = "bfloat16" if dtype == "mixed_bfloat16" else "float32"
    if choice == "auto":
        choice = "encoder" if base is not None else "download"
    if choice == "encoder":
        if base is None:
            raise MissingArtifact("perceptual network: this installation has no base checkpoint; name a VGG16 file")
        frozen = StyleGan(base.architecture, dtype=dtype, parts=("encoder", "generator", "heads"))
        frozen.load_arrays(base.weights, "encoder", "heads")
        return EncoderPerceptual(frozen.encoder, frozen.heads)
    if choice == "download":
        try:
            return download_vgg16(dtype=plain)
        except Exception as error:  # keras raises bare Exception when a download fails
            raise MissingArtifact(
                f"perceptual network: VGG16 cannot be downloaded ({error}); name a file with --perceptual PATH"
            ) from error
    return load_vgg16(Path(choice), dtype=plain)

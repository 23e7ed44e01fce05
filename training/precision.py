"""What this machine multiplies fast."""

from __future__ import annotations

from pathlib import Path

from training.devices import gpus


def training_dtype(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Answer "mixed_bfloat16" on a GPU or a CPU with bfloat16 instructions, "float32" elsewhere.

    Measured on two cores with AMX: forward and backward of VGG16 to relu3_3, four 128 px crops: 164 ms in float32,
    33 ms in bfloat16. Restyling always computes in float32, so that machines agree on the bytes.
    """
    if gpus():
        return "mixed_bfloat16"
    try:
        flags = cpuinfo.read_text(encoding="ascii", errors="ignore")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "amx_bf16" in flags or "avx512_bf16" in flags else "float32"

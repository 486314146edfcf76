"""A trained network as an ONNX file, which drives in any program that has onnxruntime.

The file takes uint8 images (B, H, W, 3) RGB and answers curvature [1/m, positive left] and target speed [m/s], (B)
float32 each: the layers that drive, and the decoding of their distributions, which `drive_sim.drivers.neural.decoding`
says in words. Its metadata declare camera, input and output (`onnx_declaration`).
"""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.base.files import replace_file
from drive_sim.drivers.external.onnx_declaration import KEY, sidecar
from drive_sim.drivers.neural.decoding import CURVATURE_REACH, SPEED_QUANTILE
from drive_sim.drivers.neural.model_folder import Model

OPSET = 17


def export_onnx(model: Model, name: str, output: Path) -> None:
    """Write the ``model`` called ``name`` as an ONNX file; what a check of an older one found is taken away.

    Raises
    ------
    InputError
        The package ``onnx`` is missing, the network carries a state, or it cannot be told in ONNX.
    """
    if model.network.state_size:
        problem = "carries a state from step to step, and an exported file takes images alone"
        raise InputError(name, "network", problem, "export a network without one, such as pilotnet or stack")
    try:
        import onnx
    except ModuleNotFoundError:
        hint = "pip install 'drive-sim[onnx]'"
        raise InputError("export", "", "needs onnx, which is not installed", hint) from None
    proto = onnx.load_from_string(_traced(model, name))
    proto.producer_name, proto.producer_version = "drive-sim", __version__
    proto.doc_string = "uint8 RGB images (B, H, W, 3) to curvature [1/m, positive left] and target speed [m/s]."
    onnx.helper.set_model_props(proto, {KEY: json.dumps(declaration(model, name))})
    onnx.checker.check_model(proto)
    replace_file(output, proto.SerializeToString())
    sidecar(output).unlink(missing_ok=True)


def declaration(model: Model, name: str) -> dict[str, object]:
    """What the file declares: `drive_sim.drivers.external.onnx_declaration.Declaration` as JSON values."""
    return {
        "schema": 1,
        "camera": model.camera.to_dict(),
        "more_cameras": [camera.to_dict() for camera in model.more_cameras],
        "input": {"name": "images", "layout": "NHWC", "range": [0.0, 255.0], "colours": "RGB"} | _moments(model),
        "output": {"kind": "curvature and speed", "curvature": "curvature", "speed": "speed"},
        "model": {"name": name, "weights": model.hash, "drive_sim": __version__},
    }


def _moments(model: Model) -> dict[str, object]:
    """How many moments its images show, of several."""
    settings = model.settings
    return {} if settings.frames == 1 else {"frames": settings.frames, "frame_interval": settings.frame_interval}


class WholeDriver(nn.Module):
    """Images uint8 (B, H, W, 3) to curvature (B) [1/m] and target speed (B) [m/s], float32: what is exported."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        settings = model.settings
        self.layers = nn.Sequential(*copy.deepcopy(model.network).eval().driving_layers())
        self.bins = settings.curvature_bins
        places = torch.arange(self.bins, dtype=torch.float64)
        self.window = ((places[:, None] - places[None, :]).abs() <= CURVATURE_REACH).double()
        """(bins, bins): which bins (rows) the window about each middle (columns) holds."""
        self.curvatures = torch.from_numpy(settings.curvature_centres).double()
        self.speeds = torch.from_numpy(settings.speed_centres).double()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See the class; NaN where a logit is not a finite number."""
        logits = self.layers(images.permute(0, 3, 1, 2).float())
        curvature, speed = logits[:, : self.bins], logits[:, self.bins :]
        return self.most_likely_window(curvature).float(), self.quantile(speed).float()

    def most_likely_window(self, logits: Tensor) -> Tensor:
        """As `drive_sim.drivers.neural.decoding.decode`."""
        weights = _weights(logits)
        share = weights @ self.window
        places = (weights * torch.arange(self.bins, dtype=torch.float64)) @ self.window
        middle = share.argmax(1, keepdim=True)
        place = (places.gather(1, middle) / share.gather(1, middle)).squeeze(1)
        return _value_at(self.curvatures, place) + _nan_unless_finite(logits)

    def quantile(self, logits: Tensor) -> Tensor:
        """As `drive_sim.drivers.neural.decoding.decode_quantile` at `SPEED_QUANTILE`."""
        bins = logits.shape[1]
        weights = _weights(logits)
        weights = weights / weights.sum(1, keepdim=True)
        reached = torch.cumsum(weights, 1)
        # The first bin in which the share is reached; the last where rounding leaves the whole below it.
        bin_ = (reached < SPEED_QUANTILE).double().sum(1, keepdim=True).clamp(max=bins - 1).long()
        weight = weights.gather(1, bin_)
        below = reached.gather(1, bin_) - weight
        place = (bin_.double() - 0.5 + (SPEED_QUANTILE - below) / weight).squeeze(1).clamp(0.0, bins - 1.0)
        return _value_at(self.speeds, place) + _nan_unless_finite(logits)


def _weights(logits: Tensor) -> Tensor:
    """Shares (B, bins) that logits stand for, times what is the same for a row; some of logits that are not finite."""
    finite = torch.where(logits * 0.0 == 0.0, logits, torch.zeros_like(logits))
    return torch.exp((finite - finite.max(1, keepdim=True).values).double())


def _value_at(centres: Tensor, place: Tensor) -> Tensor:
    """Values (B) at places (B) counted in bins, between their centres."""
    last = centres.shape[0] - 1
    low = place.floor().clamp(0, last)
    high = (low + 1).clamp(max=last)
    below, above = centres[low.long()], centres[high.long()]
    return below + (above - below) * (place - low)


def _nan_unless_finite(logits: Tensor) -> Tensor:
    """0 (B) for rows of finite logits, NaN for others."""
    return (logits * 0.0).sum(1).double()


def _traced(model: Model, name: str) -> bytes:
    size = (2, *model.settings.image_size, 3)
    images = torch.zeros(size, dtype=torch.uint8)
    names = ["images", "curvature", "speed"]
    try:
        with warnings.catch_warnings(), TemporaryDirectory() as folder:
            written = Path(folder, "model.onnx")
            # The exporter through torch.export needs another two packages and gives the same graph of these layers.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                WholeDriver(model).eval(),
                (images,),
                str(written),
                dynamo=False,
                opset_version=OPSET,
                input_names=names[:1],
                output_names=names[1:],
                dynamic_axes={one: {0: "batch"} for one in names},
            )
            return written.read_bytes()
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(name, "network", f"cannot be told in ONNX: {told}", "use layers that ONNX has") from error

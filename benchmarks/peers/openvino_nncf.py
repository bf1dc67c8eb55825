#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Lynceus authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares our int8 networks with those that NNCF makes from the same weights.

Both start from the same single-precision networks (`lynceus-cli export`) and run in the same OpenVINO, in turns, so
that the machine is the same for both. Needs the PyPI packages openvino, nncf and opencv-python-headless:

    lynceus-cli compile --model MODEL --data DATA
    lynceus-cli export --model MODEL --engine openvino-fp32 --out fp32
    lynceus-cli export --model MODEL --engine openvino-int8 --out int8
    openvino_nncf.py --fp32 fp32 --int8 int8 --images DATA/train/good --runs 100

Prints one JSON document: for each network the median milliseconds of the three, and how far the outputs of either int8
are from those of single precision (rms of the difference over rms, the worst output, on images that neither saw).
The memory is not exported: the decoder's differences are those to another image of the folder.
"""

import argparse
import json
import pathlib
import statistics
import time

import cv2
import nncf
import numpy as np
import openvino as ov

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def read_images(folder, height, width, count):
    paths = sorted(p for p in pathlib.Path(folder).iterdir() if p.suffix.lower() in {".png", ".jpg", ".bmp", ".tif"})
    if len(paths) < 2:
        raise SystemExit(f"{folder} holds fewer than 2 images.")
    images = []
    for path in paths[:: max(1, len(paths) // count)][:count]:
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        images.append(((picture - MEAN) / DEVIATION).transpose(2, 0, 1)[None].copy())
    return images


class Network:
    def __init__(self, core, model, threads):
        options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        self.request = core.compile_model(model, "CPU", options).create_infer_request()
        self.times = []

    def run(self, inputs):
        start = time.perf_counter()
        self.request.infer(inputs)
        self.times.append(1000 * (time.perf_counter() - start))
        return [np.array(o.data) for o in self.request.output_tensors]


def error(wanted, got):
    return max(float(np.sqrt(((g - w) ** 2).mean() / max((w**2).mean(), 1e-20))) for w, g in zip(wanted, got))


def compare(core, name, arguments, learnt, fresh):
    plain = core.read_model(pathlib.Path(arguments.fp32) / f"{name}.xml")
    ours = core.read_model(pathlib.Path(arguments.int8) / f"{name}.xml")
    theirs = nncf.quantize(plain.clone(), nncf.Dataset(learnt), subset_size=len(learnt))
    networks = {label: Network(core, model, arguments.threads)
                for label, model in (("fp32", plain), ("lynceus", ours), ("nncf", theirs))}
    errors = {"lynceus": 0.0, "nncf": 0.0}
    for inputs in fresh:
        wanted = networks["fp32"].run(inputs)
        for label in errors:
            errors[label] = max(errors[label], error(wanted, networks[label].run(inputs)))
    for network in networks.values():
        network.times.clear()
    for i in range(arguments.runs):
        for network in networks.values():
            network.run(fresh[i % len(fresh)])
    medians = {label: statistics.median(network.times) for label, network in networks.items()}
    return {"ms": medians, "ratio_nncf_to_lynceus": medians["nncf"] / medians["lynceus"], "error": errors}, networks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fp32", required=True, help="folder of the exported single-precision networks")
    parser.add_argument("--int8", required=True, help="folder of our exported int8 networks")
    parser.add_argument("--images", required=True, help="folder of good images")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    core = ov.Core()
    encoder = core.read_model(pathlib.Path(arguments.fp32) / "encoder.xml")
    _, _, height, width = encoder.input(0).shape
    images = [{"image": image} for image in read_images(arguments.images, height, width, 24)]
    learnt, fresh = images[:16], images[16:] or images[:1]
    result = {"openvino": ov.__version__, "nncf": nncf.__version__, "threads": arguments.threads}
    result["encoder"], networks = compare(core, "encoder", arguments, learnt, fresh)

    if (pathlib.Path(arguments.fp32) / "decoder.xml").exists():
        decoder = core.read_model(pathlib.Path(arguments.fp32) / "decoder.xml")
        ports = [port.any_name for port in decoder.inputs]

        def features(image):
            outputs = networks["fp32"].run(image)
            return dict(zip((o.any_name for o in networks["fp32"].request.model_outputs), outputs))

        def inputs(image, other):
            own, nearest = features(image), features(other)
            return {port: own[port] if port in own else (own["f" + port[1:]] - nearest["f" + port[1:]]) ** 2
                    for port in ports}

        result["decoder"], _ = compare(core, "decoder", arguments,
                                       [inputs(a, b) for a, b in zip(learnt, learnt[1:])],
                                       [inputs(a, learnt[0]) for a in fresh])
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

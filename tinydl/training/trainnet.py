"""trainnet: a network trained as options say, without a loop of one's own."""

from __future__ import annotations

import os
from typing import Any

from tinydl.functions.arguments import outputs
from tinydl.labels.options import named_options
from tinydl.network.net import dlnetwork, only_network
from tinydl.training import checkpoint
from tinydl.training.history import TrainingInfo
from tinydl.training.options import trainingOptions
from tinydl.training.training import CALLER, Training


@named_options
def trainnet(
    *data: Any, Resume: str | os.PathLike[str] | None = None, nargout: int = 1
) -> dlnetwork | tuple[dlnetwork, TrainingInfo]:
    """A network trained with data: ``net = trainnet(X, T, net, lossFcn, options)``.

    X and T are arrays of predictors and targets; several inputs or outputs are tuples of arrays.
    Plain arrays have their observations where predict expects them: features N×C, images
    H×W×C×N, sequences T×C×N, and targets as predict gives them; they are converted to the class of
    the network. Categorical targets become one-hot vectors of their categories.
    ``trainnet(data, net, lossFcn, options)`` takes mini-batches, each a tuple (X, …, T, …), from a
    list, or from a minibatchqueue.

    lossFcn is a function of the outputs and the targets, or "crossentropy", "index-crossentropy",
    "binary-crossentropy", "mse" ("mean-squared-error"), "mae" ("mean-absolute-error", "l1loss"),
    "l2loss" or "huber". options come from trainingOptions. An epoch takes whole mini-batches only.

    nargout=2 gives the network and a TrainingInfo. Ctrl-C stops after the current step and gives
    what was reached by then; so does a loss that is NaN or Inf, with the network before that step.
    The network that is given does not change. Random numbers are drawn from rng for each shuffle,
    and by layers such as dropout.

    Resume= is a checkpoint, or a folder of which the latest is taken: training goes on there and
    reaches the same numbers as without a break, if data and options are the same. (In MATLAB one
    gives the network of the checkpoint as net, which starts the solver anew; that works, too:
    load(file)["net"].)

    Raises ValueError and TypeError for data, options or a checkpoint that do not fit the network.

    Example:
        >>> from tinydl import *
        >>> net = dlnetwork([featureInputLayer(1), fullyConnectedLayer(1)])
        >>> X = double([[0.0], [1.0], [2.0], [3.0]])
        >>> options = trainingOptions("lbfgs", L2Regularization=0, Verbose=False)
        >>> net = trainnet(X, 2 * X + 1, net, "mse", options)
        >>> predict(net, double([[10.0]])).round(2)
        array([[21.]], dtype=float32)
    """
    outputs(nargout, 2, CALLER)
    if len(data) < 4 or not isinstance(data[-1], trainingOptions):
        raise TypeError(f"{CALLER} is called trainnet(X, T, net, lossFcn, options) or "
                        "trainnet(data, net, lossFcn, options), with options = "
                        'trainingOptions("sgdm", …)')  # fmt: skip
    *given, net, lossFcn, options = data
    training = Training(given, only_network(net, CALLER), lossFcn, options)
    if Resume is None:
        training.begin()
    else:
        training.resume(*checkpoint.read(Resume))
    trained, info = training.run()
    return trained if nargout == 1 else (trained, info)

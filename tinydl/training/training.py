"""A training: what trainnet keeps while it trains, and the loop itself."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tinydl.functions.device import gather, gpuArray
from tinydl.functions.random import rng
from tinydl.network.net import dlnetwork
from tinydl.network.population import population_statistics
from tinydl.network.statistics import resetState, with_statistics
from tinydl.training import checkpoint
from tinydl.training.history import Table, TrainingInfo, append
from tinydl.training.input_statistics import with_input_statistics
from tinydl.training.metrics import Evaluation, loss_function, metric_names
from tinydl.training.observations import Arrays, device_of, training_data
from tinydl.training.options import trainingOptions
from tinydl.training.predict import predictions
from tinydl.training.report import Report
from tinydl.training.step import BatchStepper, Stepper

CALLER = "trainnet"


class Training:
    """The state of a training: what a checkpoint holds, and how it goes on from there."""

    def __init__(
        self, given: Sequence[Any], net: dlnetwork, lossFcn: Any, options: trainingOptions
    ) -> None:
        self.options = options
        self.loss = loss_function(lossFcn, CALLER)
        self.device = device_of(options.ExecutionEnvironment, CALLER)
        net = copy.copy(net)
        self.net = gpuArray(net) if self.device == "gpu" else net
        self.data = training_data(self.net, given, lossFcn, self.device, CALLER)
        self.validation = None
        if options.ValidationData is not None:
            of_validation = options.ValidationData
            pair = of_validation if isinstance(of_validation, tuple) else (of_validation,)
            self.validation = training_data(
                self.net, pair, lossFcn, self.device, f"{CALLER}: ValidationData"
            )
        self.is_full_batch = options.SolverName == "lbfgs"
        if self.is_full_batch and not isinstance(self.data, Arrays):
            raise TypeError(f'{CALLER}: "lbfgs" takes all data in each step; give arrays X and T')
        self.size = self._mini_batch_size()
        self.length = self.data.length(self.size)
        kind = BatchStepper if self.is_full_batch else Stepper
        layers = self.net._graph.all_layers.values()
        self.is_recurrent = any([layer.Resettable for layer in layers])
        self.stepper = kind(options, self.net, self.loss)
        self.epoch, self.iteration, self.position, self.worse = 1, 0, 0, 0
        self.history: Table = {}
        self.validated: Table = {}
        self.best: dict[str, Any] = {}
        self.seconds = 0.0  # that the training took before it was resumed
        self.started = time.monotonic()

    def _mini_batch_size(self) -> int:
        if self.is_full_batch:
            assert isinstance(self.data, Arrays)
            return self.data.count
        return int(self.options.MiniBatchSize)

    # ---- where it starts ------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin anew: statistics of the input layers, and the order of the observations."""
        if self.options.ResetInputNormalization:
            self.net = with_input_statistics(self.net, lambda: self.data.all(self.size))
        if not self.is_full_batch and self.options.Shuffle == "once":
            self.data.shuffle()

    def resume(self, path: str, parts: dict[str, Any]) -> None:
        """Go on from the parts of a checkpoint; random numbers too continue from there."""
        if checkpoint.sizes(parts["net"]) != checkpoint.sizes(self.net):
            raise ValueError(f"{CALLER}: Resume: the checkpoint {path} is of another network")
        if parts["solver"] != self.options.SolverName:
            raise ValueError(f"{CALLER}: Resume: the checkpoint {path} is of {parts['solver']!r}, "
                             f"and the options are of {self.options.SolverName!r}")  # fmt: skip
        if isinstance(self.data, Arrays):
            if len(parts["order"] or []) != self.data.count:
                raise ValueError(f"{CALLER}: Resume: the checkpoint {path} is of "
                                 f"{len(parts['order'] or [])} observations, and there are "
                                 f"{self.data.count}")  # fmt: skip
            self.data.order = parts["order"]
        elif self.options.Shuffle != "never":
            raise ValueError(f"{CALLER}: Resume: the order in which a source was shuffled is not "
                             'known; say Shuffle="never", or give arrays X and T')  # fmt: skip
        placed = gpuArray if self.device == "gpu" else gather
        self.net, self.stepper.state = placed(parts["net"]), placed(parts["solverState"])
        self.best = placed(parts["best"])
        self.epoch, self.iteration = parts["epoch"], parts["iteration"]
        self.position, self.worse = parts["position"], parts["worse"]
        self.history, self.validated = parts["training"], parts["validation"]
        self.seconds = parts["seconds"]
        try:  # last, so that a checkpoint that is refused changes nothing
            rng(parts["generator"])
        except ValueError as error:
            raise ValueError(f"{CALLER}: Resume: {path} is damaged: {error}") from None

    def save(self) -> None:
        checkpoint.write(self.options.CheckpointPath, {
            "net": self.net, "solver": self.options.SolverName, "solverState": self.stepper.state,
            "epoch": self.epoch, "iteration": self.iteration, "position": self.position,
            "order": self.data.order, "training": self.history, "validation": self.validated,
            "best": self.best, "worse": self.worse, "seconds": self.elapsed,
        })  # fmt: skip

    # ---- the loop -------------------------------------------------------------------------------

    def run(self) -> tuple[dlnetwork, TrainingInfo]:
        """Train to the end."""
        self.report = Report(self.options)
        with self.report.monitor:
            self.report.start()
            reason = self._tell({}, "start") or self._epochs()
            new = self._validate() if self._validated_last() != self.iteration else {}
            self.report.finish(new, reason)
        self._tell({}, "done")
        is_best = self.options.OutputNetwork != "last-iteration" and bool(self.best)
        net = self.best["net"] if is_best else self.net
        iteration = self.best["iteration"] if is_best else self.iteration
        if self.options.BatchNormalizationStatistics != "moving" and self.iteration:
            net = self._with_population_statistics(net)
        return gather(net), TrainingInfo(self.history, self.validated, iteration, reason)

    def _epochs(self) -> str:
        """All epochs that are left; why they ended."""
        options = self.options
        count = options.MaxIterations if self.is_full_batch else options.MaxEpochs
        while self.epoch <= count:
            if not self.is_full_batch and options.Shuffle == "every-epoch" and self.position == 0:
                self.data.shuffle()
            for batch in self.data.epoch(self.size, self.position):
                reason = self._iterate(batch, count)
                if reason:
                    return reason
            if self.position == 0:
                raise ValueError(f"{CALLER}: the data gave no mini-batch")
            self.epoch, self.position = self.epoch + 1, 0
            if self._is_due("epoch", self.epoch - 1):
                self.save()
        return "Max iterations completed" if self.is_full_batch else "Max epochs completed"

    def _iterate(self, batch: Any, epochs: int) -> str:
        """One step and all that belongs to it; why training must end, if it must."""
        options = self.options
        row: dict[str, Any] = {"Iteration": self.iteration + 1, "Epoch": self.epoch}
        rate = math.nan
        if not self.is_full_batch:
            rate = options.learn_rate(row["Iteration"], self.epoch, self.epoch_length)
            row["LearnRate"] = rate
        before = copy.copy(self.net)
        net, loss, Y, reason = self.stepper.step(self.net, batch, rate, row["Iteration"])
        self.iteration, self.position = self.iteration + 1, self.position + 1
        row |= {"TimeElapsed": self.elapsed, "TrainingLoss": loss}
        found = Evaluation(None, options.Metrics)
        row |= _named("Training", options.Metrics, found, [(Y, batch[1])])
        append(self.history, row)
        self.net = self._without_memory(net if math.isfinite(loss) else before)
        if not math.isfinite(loss):
            return "Training loss is NaN or Inf"
        if self.validation is not None and self.iteration % options.ValidationFrequency == 0:
            row = {**row, **self._validate()}
        length = self.epoch_length
        passed = self.position / length if length else 0.0
        self.report.add(row, (self.epoch - 1 + passed) / epochs)
        reason = reason or self._reason_to_stop() or self._tell(row, "iteration")
        if self._is_due("iteration", self.iteration):
            self.save()
        return reason

    def _without_memory(self, net: dlnetwork) -> dlnetwork:
        """The network before the next sequences: they do not go on from those of this step."""
        return resetState(net) if self.is_recurrent else net

    def _reason_to_stop(self) -> str:
        if self.worse >= self.options.ValidationPatience:
            return "Met validation criterion"
        return "Stopped by the user" if self.report.monitor.Stop else ""

    def _tell(self, row: dict[str, Any], state: str) -> str:
        """Call the functions of OutputFcn; why to stop, if one of them says so."""
        answers = [function({**row, "State": state}) for function in self.options.OutputFcn]
        return "Stopped by OutputFcn" if any(answers) else ""

    def _is_due(self, unit: str, count: int) -> bool:
        """Whether a checkpoint is to be written after so many epochs or iterations."""
        options = self.options
        is_unit = bool(options.CheckpointPath) and options.CheckpointFrequencyUnit == unit
        return is_unit and count % options.CheckpointFrequency == 0

    # ---- what it finds --------------------------------------------------------------------------

    def _validate(self) -> dict[str, Any]:
        """Loss and metrics of the validation data, and the best network so far."""
        if self.validation is None or not self.iteration:
            return {}
        evaluation = Evaluation(self.loss, self.options.Metrics)
        row = _named("Validation", self.options.Metrics, evaluation,
                     self._predicted(), loss=True)  # fmt: skip
        append(self.validated, {"Iteration": self.iteration, **row})
        loss = row["ValidationLoss"]
        if loss < self.best.get("loss", math.inf):
            self.best = {"loss": loss, "iteration": self.iteration, "net": copy.copy(self.net)}
            self.worse = 0
        else:
            self.worse += 1
        return row

    def _predicted(self) -> Iterator[Any]:
        assert self.validation is not None
        for X, T in self.validation.all(self.size):
            yield predictions(self.net, X), T

    def _validated_last(self) -> int:
        return self.validated["Iteration"][-1] if self.validated else 0

    def _with_population_statistics(self, net: dlnetwork) -> dlnetwork:
        kinds: dict[str, Any] = net._graph.all_layers
        layers = [name for name in with_statistics(net, None)
                  if kinds[name].Statistics != "fixed"]  # fmt: skip
        if not layers:
            return net
        net = copy.copy(net)
        net.State = population_statistics(
            net, lambda: (tuple(X) for X, _ in self.data.all(self.size)), layers, Method="one-pass"
        )
        return net

    @property
    def epoch_length(self) -> int | None:
        """The iterations of an epoch; of a source it is not known before the first has ended."""
        if self.length is None and self.epoch > 1:
            return int(self.history["Epoch"].count(1))
        return self.length

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before it was resumed included."""
        return self.seconds + time.monotonic() - self.started


def _named(
    kind: str, metrics: Any, evaluation: Evaluation, pairs: Any, loss: bool = False
) -> dict[str, Any]:
    """What an evaluation finds, with names such as TrainingAccuracy."""
    evaluation.add_all(pairs)
    found = dict(zip(metric_names(metrics), evaluation.metrics, strict=True))
    if loss:
        found = {"Loss": evaluation.loss, **found}
    return {kind + name: value for name, value in found.items()}

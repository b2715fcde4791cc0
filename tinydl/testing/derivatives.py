"""The derivatives of a layer, and those that its own backward states, beside an oracle's."""

from __future__ import annotations

from tinydl.testing.compare import Case, Wrong
from tinydl.testing.explain import explained
from tinydl.testing.operation import Variable
from tinydl.testing.subject import Subject


def check_derivatives(subject: Subject) -> None:
    """Derivatives by the followed inputs, to second order, and by the learnables, to first."""
    arrays = subject.arrays()
    if not arrays:
        return
    outputs = subject.bound.OutputNames
    formats = [subject.X[i].dims for i in subject.follow]
    formats += [""] * (len(arrays) - len(formats))
    variables = [Variable(name, fmt, subject.put(x))
                 for (name, x), fmt in zip(arrays.items(), formats, strict=True)]  # fmt: skip
    for verb in subject.verbs:
        for place, output in enumerate(outputs):
            op = subject.operation(verb, place)
            case = Case(op, op, variables, subject.rng)
            for i, variable in enumerate(variables):
                by = f"by {variable.name}"
                what = f"{verb} {by}" if len(outputs) == 1 else f"{verb}, {output}, {by}"
                _check(subject, case, i, what)


def _check(subject: Subject, case: Case, i: int, what: str) -> None:
    """One result of one verb, by one of its variables."""
    has_rule = getattr(subject.bound, "backward", None) is not None
    try:
        wrong = case.first_wrong([i], [1, 2] if i < len(subject.follow) else [1])
    except NotImplementedError:
        if not has_rule:  # predict itself has no derivative; that is what a backward is for
            raise
        return
    if wrong is not None:
        subject.claim(False, _sentence(case, wrong, what, has_rule))


def _sentence(case: Case, wrong: Wrong, what: str, has_rule: bool) -> str:
    entries, cause = explained(case, wrong)
    if has_rule and not wrong.recorded:
        if cause.kind:
            return f"backward, of {what}, {cause.words}: {cause.cure}"
        at = entries.worst
        where = ", ".join(map(str, at))
        return (f"backward, of {what}, is wrong: element [{where}] is {entries.found[at]:.6g}, the "
                f"derivative {entries.true[at]:.6g}")  # fmt: skip
    cure = cause.cure or "compute with tinydl's functions and operators alone"
    said = f" {cause.words};" if cause.kind else ""
    return (
        f"the derivative of {what}, order {wrong.order}, is {wrong.found.value} instead of "
        f"{wrong.truth.value};{said} {cure}"
    )

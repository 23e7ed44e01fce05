"""One training step: discriminator and generator in turn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from training.compiled import Differentiate, compiled
from training.config import TrainingConfig
from training.terms import TERMS, StyleTargets, adversarial_term, draft_of, judgement, prepared

NUMBERS = (*TERMS, "generator", "discriminator", "real_accuracy", "fake_accuracy")


@dataclasses.dataclass(frozen=True)
class Game:
    """All that a step plays with.

    Attributes:
        gan: networks.
        perceptual: see `training.models.perceptual`.
        config: of the run.
        targets: of the style loss.
        optimizers: of generator and discriminator.
        averages: moving averages of encoder, mapping and generator, float32 variables in the order of `followed`.
    """

    gan: Any
    perceptual: Any
    config: TrainingConfig
    targets: StyleTargets
    optimizers: tuple[Any, Any]
    averages: Sequence[Any]

    @property
    def learning(self) -> list[Any]:
        """Variables that the generator's side learns."""
        parts = ("mapping", "generator", *(("encoder",) if self.config.schedule.train_encoder else ()))
        return self.gan.variables(*parts, trainable=True)  # type: ignore[no-any-return]

    @property
    def judging(self) -> list[Any]:
        """Variables that the discriminator learns."""
        return self.gan.variables("discriminator", trainable=True)  # type: ignore[no-any-return]

    @property
    def followed(self) -> list[Any]:
        """Variables that have a moving average."""
        return self.gan.variables("encoder", "mapping", "generator")  # type: ignore[no-any-return]

    @property
    def state(self) -> list[Any]:
        """Every variable that a step reads or changes."""
        played = self.gan.variables("encoder", "mapping", "generator", "discriminator")
        return [*played, *self.averages, *self.optimizers[0].variables, *self.optimizers[1].variables]


def turn(game: Game, differentiate: Differentiate, arrays: Sequence[Any]) -> tuple[Any, list[Any], list[Any]]:
    """The discriminator learns on this batch's pictures, then the generator's gradients are taken against it.

    Args:
        game: whose discriminator is changed.
        differentiate: see `training.compiled`.
        arrays: of a `Batch`.

    Returns:
        float32 vector in the order of `NUMBERS`; gradients of `game.learning`; those of `game.judging`.
    """
    from keras import ops

    tensors = prepared(arrays)

    def generator_side() -> tuple[Any, Any]:
        draft = draft_of(game.gan, game.perceptual, game.config, game.targets, tensors)

        def judge_side() -> tuple[Any, Any]:
            judged, right_real, right_fake = judgement(game.gan, draft, tensors)
            return judged, (right_real, right_fake)

        judged, accuracies, of_judge = differentiate(judge_side, game.judging)
        game.optimizers[1].apply(of_judge, game.judging)
        terms = {**draft.terms, "adversarial": adversarial_term(game.gan, draft, tensors)}
        total = sum(getattr(game.config.losses, name) * terms[name] for name in TERMS)
        return total, (ops.stack([*(terms[name] for name in TERMS), total, judged, *accuracies]), of_judge)

    _, (numbers, of_judge), of_generator = differentiate(generator_side, game.learning)
    return numbers, of_generator, of_judge


def play(game: Game, differentiate: Differentiate, given: Sequence[Any]) -> tuple[Any, list[Any], list[Any]]:
    """One whole step: both sides learn, the averages follow.

    Args:
        game: whose variables are changed.
        differentiate: see `training.compiled`.
        given: arrays of a `Batch`, and the averages' decay.

    Returns:
        As `turn`.
    """
    *arrays, decay = given
    numbers, of_generator, of_judge = turn(game, differentiate, arrays)
    game.optimizers[0].apply(of_generator, game.learning)
    for average, variable in zip(game.averages, game.followed, strict=True):
        average.assign(average * decay + variable.value * (1.0 - decay))
    return numbers, of_generator, of_judge


def build_step(game: Game) -> Callable[..., Any]:
    """Compile the step: arrays of a `Batch` and the averages' decay -> float32 vector in the order of `NUMBERS`."""
    build_optimizers(game)
    return compiled(lambda differentiate, *given: play(game, differentiate, given)[0], game.state)


def build_optimizers(game: Game) -> None:
    """Create their variables; `game.state` is complete from then on."""
    game.optimizers[0].build(game.learning)
    game.optimizers[1].build(game.judging)

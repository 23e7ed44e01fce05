"""One way to write a step, two backends to run it: compile and differentiate code over Keras variables.

A step reads and assigns variables as Keras code does. On tensorflow it becomes a `tf.function` with gradient tapes. On
jax it becomes a pure function, jitted, of all the variables it may touch (`keras.StatelessScope`), and the batch is
shared over the devices: the compiler then computes what one device would (GSPMD, Xu et al. 2021), means included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Differentiate = Callable[[Callable[[], tuple[Any, Any]], Sequence[Any]], tuple[Any, Any, list[Any]]]
"""Of a function () -> (scalar, rest) and variables: the scalar, the rest (arrays in lists, tuples, dictionaries), the
gradient of the scalar by each variable. What the function assigns to other variables stays assigned."""


class Step(Protocol):
    """What is compiled; may assign to variables and call `differentiate`, also within a differentiated function."""

    def __call__(self, differentiate: Differentiate, *arguments: Any) -> Any:
        """Any structure of tensors."""


def compiled(step: Step, state: Sequence[Any], *, devices: int | None = None) -> Callable[..., Any]:
    """Compile a step for the backend in use: numpy arguments of fixed shapes in, tensors out.

    The answer may still be under way when the call returns: `np.asarray` waits for it. On jax the attribute
    `operations` tells, for the same arguments, how many floating point operations a call costs.

    Args:
        step: on jax traced once for each set of shapes, so it must not depend on values.
        state: every variable that the step reads or assigns, but frozen ones, each once.
        devices: how many share the batch, on jax; None takes all that are there and divide it. tensorflow uses one.
    """
    import keras

    return _with_jax(step, state, devices) if keras.backend.backend() == "jax" else _with_tensorflow(step)


def _with_tensorflow(step: Step) -> Callable[..., Any]:
    import tensorflow as tf

    def differentiate(function: Callable[[], tuple[Any, Any]], variables: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
        with tf.GradientTape() as tape:
            value, rest = function()
        return value, rest, tape.gradient(value, list(variables), unconnected_gradients="zero")

    traced: Callable[..., Any] = tf.function(lambda *arguments: step(differentiate, *arguments), jit_compile=False)
    return traced


def _with_jax(step: Step, state: Sequence[Any], count: int | None) -> Callable[..., Any]:
    import jax
    import keras
    import numpy as np

    def differentiate(function: Callable[[], tuple[Any, Any]], variables: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
        moving = {id(variable) for variable in variables}
        resting = [variable for variable in state if id(variable) not in moving]

        def pure(values: list[Any], others: list[Any]) -> tuple[Any, tuple[Any, list[Any]]]:
            scope = keras.StatelessScope([*zip(variables, values, strict=True), *zip(resting, others, strict=True)])
            with scope:
                value, rest = function()
            return value, (rest, [scope.get_current_value(variable) for variable in resting])

        found = jax.value_and_grad(pure, has_aux=True)([v.value for v in variables], [v.value for v in resting])
        (value, (rest, assigned)), gradients = found
        for variable, new in zip(resting, assigned, strict=True):
            variable.assign(new)
        return value, rest, gradients

    def pure(values: list[Any], arguments: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        scope = keras.StatelessScope(list(zip(state, values, strict=True)))
        with scope:
            answer = step(differentiate, *arguments)
        return answer, [scope.get_current_value(variable) for variable in state]

    devices = np.asarray(jax.devices()[:count])
    mesh = jax.sharding.Mesh(devices, ("batch",))
    whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    shared = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    jitted = jax.jit(pure, donate_argnums=0, out_shardings=whole)

    def placed(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            jax.device_put(argument, shared if divides(len(devices), np.shape(argument)) else whole)
            for argument in arguments
        )

    def values() -> list[Any]:
        # Not placed one by one, which costs more than a small step: they are where the last step left them.
        return [variable.value for variable in state]

    def run(*arguments: Any) -> Any:
        answer, assigned = jitted(values(), placed(arguments))
        for variable, value in zip(state, assigned, strict=True):
            variable.assign(value)
        return answer

    def operations(*arguments: Any) -> float:
        analysis = jitted.lower(values(), placed(arguments)).cost_analysis()
        return float(analysis["flops"])

    run.operations = operations  # type: ignore[attr-defined]
    return run


def divides(devices: int, shape: Sequence[int]) -> bool:
    """Whether an argument of this shape has a first axis that `devices` can share evenly."""
    return len(shape) > 0 and shape[0] % devices == 0

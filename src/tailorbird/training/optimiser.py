"""What turns gradients into steps: AdamW, and Muon for the matrices that one wants orthogonal updates of."""

from collections.abc import Collection, Mapping

import torch
from torch import nn

_BETAS = (0.9, 0.98)


class Optimiser:
    """AdamW over ``parameters``, with Muon (Jordan et al., 2024) for those named in ``orthogonal``, at one rate.

    Muon's updates are scaled to the size of AdamW's (Moonshot's adjustment), so that a rate means the same to both.
    Vectors (norms, biases) have no weight decay.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        *,
        learning_rate: float,
        weight_decay: float,
        orthogonal: Collection[str] = (),
    ) -> None:
        self._parameters = dict(parameters)
        self._orthogonal = frozenset(orthogonal) & parameters.keys()
        others = [parameter for name, parameter in parameters.items() if name not in self._orthogonal]
        self._all: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                [
                    {"params": [p for p in others if p.ndim > 1], "weight_decay": weight_decay},
                    {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
                ],
                lr=learning_rate,
                betas=_BETAS,
                fused=True,
            )
        ]
        if self._orthogonal:
            self._all.append(
                torch.optim.Muon(
                    [parameters[name] for name in sorted(self._orthogonal)],
                    lr=learning_rate,
                    weight_decay=weight_decay,
                    adjust_lr_fn="match_rms_adamw",
                )
            )

    def step(self, learning_rate: float) -> None:
        """Change the parameters by their gradients, which are gone afterwards."""
        for one in self._all:
            for group in one.param_groups:
                group["lr"] = learning_rate
            one.step()
        self.clear()

    def clear(self) -> None:
        """Forget all gradients."""
        for one in self._all:
            one.zero_grad(set_to_none=True)

    def moments(self) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """First moments (Muon's momentum among them) and second moments, by name, of what has been stepped."""
        first: dict[str, torch.Tensor] = {}
        second: dict[str, torch.Tensor] = {}
        for name, parameter in self._parameters.items():
            state = self._of(name).state.get(parameter, {})
            if name in self._orthogonal and state:
                first[name] = state["momentum_buffer"]
            elif state:
                first[name], second[name] = state["exp_avg"], state["exp_avg_sq"]
        return first, second

    def restore(self, first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor], *, steps: int) -> None:
        """Go on as if ``steps`` steps had been taken that left these moments."""
        for name, moment in first.items():
            parameter = self._parameters[name]
            device = parameter.device
            if name in self._orthogonal:
                state = {"momentum_buffer": moment.to(device)}
            else:
                state = {
                    "step": torch.tensor(float(steps), device=device),
                    "exp_avg": moment.to(device),
                    "exp_avg_sq": second[name].to(device),
                }
            self._of(name).state[parameter] = state

    def _of(self, name: str) -> torch.optim.Optimizer:
        return self._all[-1] if name in self._orthogonal else self._all[0]

"""What mofglass adds to nequip-train, as a callback of Lightning."""

from __future__ import annotations

from typing import Any

from lightning import Callback

from mofglass.potentials.tensor_products import write_out_products


class WriteOutProducts(Callback):
    """Write out tensor products before the training steps are compiled, which the first of them does."""

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Rewrite the model.

        Parameters
        ----------
        trainer : lightning.Trainer
            Unused.
        pl_module : lightning.LightningModule
            What is trained; holds the model.
        """
        write_out_products(pl_module)

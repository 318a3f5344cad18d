"""Lightning: MLflow's autologging, and Lightning's own logger with checkpoints at the end and at once."""

from __future__ import annotations

import os

import lightning
import mlflow
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import MLFlowLogger

torch.set_num_threads(1)
lightning.seed_everything(0)
x = torch.randn(64, 4)
data = torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True))


class Net(lightning.LightningModule):  # type: ignore[misc]  # it has no types here
    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters({"lr": 0.05})
        self.layer = torch.nn.Linear(4, 1)

    def _loss(self, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        loss = self._loss(batch)
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        self.log("val_loss", self._loss(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])


def fit(**more: object) -> None:
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        **more,
    )
    trainer.fit(Net(), loader, loader)


mlflow.set_experiment("lightning")
mlflow.pytorch.autolog(checkpoint=True, checkpoint_monitor="val_loss")
with mlflow.start_run(run_name="autolog"):
    fit(logger=False)
mlflow.pytorch.autolog(disable=True)

uri = os.environ["MLFLOW_TRACKING_URI"]
for name, log_model in (("at the end", True), ("at once", "all")):
    logger = MLFlowLogger("lightning", run_name=name, tracking_uri=uri, log_model=log_model, tags={"team": "a"})
    keep = ModelCheckpoint(dirpath=name.replace(" ", "-"), monitor="val_loss", save_top_k=2, save_last=True)
    fit(logger=logger, callbacks=[keep])

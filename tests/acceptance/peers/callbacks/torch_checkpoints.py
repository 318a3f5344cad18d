"""A plain PyTorch loop: a logged model at each epoch; the best is found by a search, and loaded again."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import torch

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(64, 4)
y = (x @ torch.tensor([1.0, -2.0, 0.5, 0.0]))[:, None]
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
validation = mlflow.data.from_pandas(pd.DataFrame(x.numpy()), name="validation")
predicted = {}

mlflow.set_experiment("torch")
with mlflow.start_run(run_name="loop") as run:
    mlflow.log_params({"lr": 0.05, "width": 8})
    mlflow.log_input(validation, context="validation")
    for epoch in range(4):
        for _ in range(5):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(net(x), y)
            loss.backward()
            optimizer.step()
        mlflow.log_metric("loss", loss.item(), step=epoch)
        info = mlflow.pytorch.log_model(net, name=f"net-{epoch}", step=epoch, input_example=x[:2].numpy())
        measured = float(torch.nn.functional.mse_loss(net(x), y))
        mlflow.log_metric("mse", measured, step=epoch, model_id=info.model_id, dataset=validation)
        predicted[info.model_id] = net(x).detach().numpy()

ranked = mlflow.search_logged_models(
    experiment_ids=[run.info.experiment_id],
    filter_string="metrics.mse < 1e6",
    datasets=[{"dataset_name": "validation", "dataset_digest": validation.digest}],
    order_by=[{"field_name": "metrics.mse", "ascending": True}],
    output_format="list",
)
values = [next(each.value for each in model.metrics if each.key == "mse") for model in ranked]
assert len(values) == 4, values
assert values == sorted(values), values
best = mlflow.pytorch.load_model(ranked[0].model_uri)
assert np.array_equal(best(x).detach().numpy(), predicted[ranked[0].model_id])
as_function = mlflow.pyfunc.load_model(f"models:/{ranked[0].model_id}")
assert np.allclose(as_function.predict(x.numpy()), predicted[ranked[0].model_id])

"""Hugging Face's Trainer with its MLflow callback: a tiny BERT, from its configuration."""

from __future__ import annotations

import os

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

os.environ["MLFLOW_EXPERIMENT_NAME"] = "transformers"
os.environ["MLFLOW_TAGS"] = '{"team": "a"}'
os.environ["HF_MLFLOW_LOG_ARTIFACTS"] = "1"
os.environ["MLFLOW_FLATTEN_PARAMS"] = "1"
torch.set_num_threads(1)


class Rows(torch.utils.data.Dataset):  # type: ignore[misc]  # it has no types here
    def __len__(self) -> int:
        return 32

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        words = torch.arange(row, row + 8) % 20
        return {"input_ids": words, "attention_mask": torch.ones(8, dtype=torch.long), "labels": torch.tensor(row % 2)}


config = BertConfig(
    vocab_size=20,
    hidden_size=8,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=8,
    max_position_embeddings=16,
)
arguments = TrainingArguments(
    output_dir="out",
    num_train_epochs=2,
    per_device_train_batch_size=8,
    eval_strategy="epoch",
    save_strategy="epoch",
    logging_steps=2,
    report_to=["mlflow"],
    run_name="tiny",
    use_cpu=True,
    disable_tqdm=True,
    seed=0,
)
trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=Rows(), eval_dataset=Rows())
trainer.train()
trainer.evaluate()

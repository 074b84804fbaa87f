"""The blocks about people: what they look at, and where they see the diagnosis."""

from __future__ import annotations

from pydantic import Field

from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole


class Review(Block):
    """What people look at, and how it is shown to them."""

    rows: Whole = Field(
        100, ge=1, le=10_000, description="Number of rows that `mlstrat review sample` fills the sheet up to."
    )
    eyeball: Number = Field(0.5, gt=0, le=1, description="Share of dev that people may look at; the rest stays unseen.")
    image: Text | None = Field(None, description="Column with a picture: a path, the bytes of a file, or grey values.")
    audio: Text | None = Field(None, description="Column with a sound: a path, or the bytes of a file.")
    text: Text | None = Field(None, description="Column with a text.")
    features: tuple[Text, ...] = Field((), description="Columns shown as a table.")
    roots: tuple[Text, ...] = Field(
        ("data",), description="Folders from which pictures and sounds are shown; nothing outside them is."
    )
    fix_train: Flag = Field(
        default=False,
        description="Whether label fixes also apply to train and train-dev; dev and test are always fixed.",
    )


class Track(Block):
    """Where the diagnosis is logged."""

    tracking_uri: Text | None = Field(None, description="MLflow tracking URI; null takes MLFLOW_TRACKING_URI.")
    experiment: Text | None = Field(
        None, description="Experiment that the runs must be in; null takes any, and `mlstrat` for runs it creates."
    )
    run: Text | None = Field(
        "models/run.json",
        description="JSON file with the run_id of the training run; null logs to a run that mlstrat creates.",
    )
    model: Text | None = Field(
        None, description="File or folder of the model, whose content finds its training run again; null does not look."
    )
    patience_seconds: Number = Field(15.0, gt=0, le=600, description="Seconds to wait for a server before giving up.")

    @property
    def own_experiment(self) -> str:
        """Return the experiment of the runs that mlstrat creates itself."""
        return self.experiment or "mlstrat"

"""The blocks about people: what they look at, and where they see the diagnosis."""

from __future__ import annotations

from pydantic import Field

from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole


class Review(Block):
    """What people look at, and how it is shown to them."""

    rows: Whole = Field(100, ge=1, le=10_000, description="rows that a call of the sampler fills up to, 1 to 10,000")
    eyeball: Number = Field(
        0.5, gt=0, le=1, description="share of dev in (0, 1] that people may look at; the rest stays unseen"
    )
    image: Text | None = Field(None, description="column with a picture: a path, the bytes of a file, or grey values")
    audio: Text | None = Field(None, description="column with a sound: a path, or the bytes of a file")
    text: Text | None = Field(None, description="column with a text, or null")
    features: tuple[Text, ...] = Field((), description="columns shown as a table; may be empty")
    roots: tuple[Text, ...] = Field(("data",), description="folders from which pictures and sounds are shown")
    fix_train: Flag = Field(default=False, description="true applies label fixes to train and train-dev as well")


class Track(Block):
    """Where the diagnosis is logged."""

    tracking_uri: Text | None = Field(None, description="an MLflow tracking URI; null takes MLFLOW_TRACKING_URI")
    experiment: Text | None = Field(
        None, description="experiment that the runs must be in; null takes any, and 'mlstrat' for runs of its own"
    )
    run: Text | None = Field("models/run.json", description="JSON file with the run_id of the training run, or null")
    model: Text | None = Field(None, description="the model's file or folder, whose hash finds its run again, or null")
    patience_seconds: Number = Field(15.0, gt=0, le=600, description="seconds to wait for a server, in (0, 600]")

    @property
    def own_experiment(self) -> str:
        """The experiment of runs that mlstrat makes itself."""
        return self.experiment or "mlstrat"

"""What an effect is."""

from collections.abc import Mapping

from simulators.devices.base import Group
from simulators.messages import Value

Values = Mapping[str, Value]


class Effect:
    """Done to a group for the sake of one of its assets; this one does nothing.

    Effects keep no state of their own: one serves all incidents of its kind.
    """

    def begin(self, group: Group, asset: str) -> None:
        """Let it begin."""

    def end(self, group: Group, asset: str) -> None:
        """Put things right."""

    def sense(self, values: Values, first: Values, since_s: float) -> Values:  # noqa: ARG002 - what others need
        """What the asset's sensors say of `values`; none where they are silent.

        `first` is what they said when it began, `since_s` how long ago that was.
        """
        return values

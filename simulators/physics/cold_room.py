"""A cold room: heat, moisture and gases of fruit in store.

The rules of the model:

- Air, with what it touches, is one heat store; walls, door, fans, fruit and evaporator exchange
  heat with it. Within a step it goes exponentially to where the heat flows balance.
- Fruit just stored keeps its own temperature until it is close to that of the fruit that lay
  there before; the pulp probe sits in the latter.
- The compressor switches with hysteresis around the set-point; the evaporator is held a few
  kelvin below it, further in a pull-down.
- In hard frost, when the walls alone would cool too far, a small heater guards the fruit.
- Every eight hours a heater frees the evaporator from ice: until it is warm, at most 30 minutes.
- Fruit respires by its temperature: heat, carbon dioxide for oxygen, ethylene.

Sizes are those of a 60 t room and scale with its capacity [assumptions, chosen so that pull-down
takes about two days and the air swings by less than 1 K].
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from math import exp

from simulators.physics.fruit import FruitProfile, respiration_kw

DEFROST_EVERY_S = 8 * 3600
DEFROST_AT_MOST_S = 30 * 60
_DEFROST_DONE_C = 9.0
_LONGEST_STEP_S = 300.0

_AIR_KJ_K_T = 290.0
_FRUIT_KJ_KG_K = 3.7
_FRUIT_FOLLOWS_S = 8 * 3600.0
_WALLS_KW_K = 0.075
_DOOR_KW_K = 1.3
_EVAPORATOR_KW_K_T = 0.068
_LARGEST_COOLING_KW_T = 0.6
_HYSTERESIS_K = 0.3
_HOLD_K, _PULL_DOWN_K = 3.6, 8.0
_FANS_KW_T = 0.02
_HEATER_KW_T = 0.12
_HEATER_LEAK = 0.15
_FROST_GUARD_K, _FROST_GUARD_KW_T = 0.4, 0.03
_EVAPORATOR_KJ_K_T = 7.0
_COEFFICIENT_OF_PERFORMANCE = 2.6
_REST_KW = 0.25
_MERGED_K = 0.6
_AIR_CHANGES_H = 0.25
_DOOR_CHANGES_H = 6.0
_OUTSIDE_CO2, _OUTSIDE_O2 = 0.04, 20.95
_ETHYLENE_PPM_H_T = {"apple": 0.012, "jujube": 0.0004}
# What goes wrong in a room does so at these rates [assumptions].
_STUCK_BELOW_K = 9.0
_GAS_PCT_H = 0.8
_NITROGEN_CHANGES_H = 2.0
_DRY_PCT = 24.0


class Trouble(Enum):
    """What may be wrong with a room, as its air sees it."""

    NO_COOLING = auto()
    """The compressor can't run."""
    HEATER_STUCK = auto()
    """The heater of the evaporator stays on after a defrost, and its fans blow warm air."""
    VALVE_STUCK = auto()
    """The expansion valve stays open and the thermostat can't stop it."""
    NO_POWER = auto()
    """Nothing runs but the sensors, from a battery."""
    GAS_RETURNS = auto()
    """Ventilation stands still, and the exhaust of the carbon dioxide scrubber comes back in."""
    NITROGEN_FLOWS = auto()
    """The nitrogen of a controlled atmosphere isn't shut off."""
    DRY_AIR = auto()
    """The humidifier stands still and a seal leaks."""


@dataclass(slots=True)
class Load:
    """Fruit of one temperature."""

    mass_kg: float = 0.0
    temp_c: float = 0.0

    def add(self, mass_kg: float, temp_c: float) -> None:
        """Put fruit to it."""
        total = self.mass_kg + mass_kg
        if total > 0:
            self.temp_c = (self.mass_kg * self.temp_c + mass_kg * temp_c) / total
        self.mass_kg = total

    def exchange(self, air_c: float, heat_kw: float, dt_s: float) -> None:
        """Follow the air, warmed by its own heat."""
        if self.mass_kg > 0:
            self.temp_c += (air_c - self.temp_c) * (1 - exp(-dt_s / _FRUIT_FOLLOWS_S))
            self.temp_c += heat_kw * dt_s / (self.mass_kg * _FRUIT_KJ_KG_K)


@dataclass(slots=True)
class ColdRoom:
    """State of one room; `step` lets time pass."""

    capacity_t: float
    setpoint_c: float
    fruit: FruitProfile
    air_c: float = 8.0
    evaporator_c: float = 5.0
    settled: Load = field(default_factory=Load)
    fresh: Load = field(default_factory=Load)
    door_open: bool = False
    compressor_on: bool = False
    defrost_on: bool = False
    humidity_pct: float = 85.0
    co2_pct: float = _OUTSIDE_CO2
    o2_pct: float = _OUTSIDE_O2
    ethylene_ppm: float = 0.0
    power_kw: float = _REST_KW
    energy_kwh: float = 0.0
    since_defrost_s: float = 0.0
    troubles: set[Trouble] = field(default_factory=set)
    nitrogen: float = 0.0
    """Share of its air that nitrogen has taken the place of."""

    def store(self, mass_kg: float, temp_c: float) -> None:
        """Put fruit of that temperature in."""
        (self.fresh if self.settled.mass_kg > 0 else self.settled).add(mass_kg, temp_c)

    def take(self, mass_kg: float) -> None:
        """Take fruit out, settled fruit first."""
        from_settled = min(mass_kg, self.settled.mass_kg)
        self.settled.mass_kg -= from_settled
        self.fresh.mass_kg = max(0.0, self.fresh.mass_kg - (mass_kg - from_settled))
        if self.settled.mass_kg <= 0 < self.fresh.mass_kg:
            self.settled, self.fresh = self.fresh, Load()

    @property
    def mass_kg(self) -> float:
        """All fruit in it."""
        return self.settled.mass_kg + self.fresh.mass_kg

    @property
    def pulp_c(self) -> float:
        """Where the probe sits: in settled fruit; in an empty room it hangs in the air."""
        return self.settled.temp_c if self.settled.mass_kg > 0 else self.air_c

    @property
    def return_c(self) -> float:
        """Air on its way back to the evaporator has passed the fruit."""
        warmth = 0.35 * (self.pulp_c - self.air_c) if self.settled.mass_kg > 0 else 0.0
        return self.air_c + max(-0.3, min(1.5, warmth)) + 0.1

    def step(self, dt_s: float, outdoor_c: float) -> None:
        """Let `dt_s` pass at that temperature outside."""
        while dt_s > 0:
            part_s = min(dt_s, _LONGEST_STEP_S)
            self._step(part_s, outdoor_c)
            dt_s -= part_s

    def _step(self, dt_s: float, outdoor_c: float) -> None:
        self._control(dt_s)
        size = self.capacity_t
        cooling_kw = self._evaporate(dt_s)
        settled_kw = respiration_kw(self.fruit, self.settled.mass_kg, self.settled.temp_c)
        fresh_kw = 0.0
        if self.fresh.mass_kg > 0:
            fresh_kw = respiration_kw(self.fruit, self.fresh.mass_kg, self.fresh.temp_c)
        outside_kw_k = _WALLS_KW_K * (size / 60) ** 0.667 + (_DOOR_KW_K if self.door_open else 0.0)
        per_kg = _FRUIT_KJ_KG_K / _FRUIT_FOLLOWS_S
        settled_kw_k, fresh_kw_k = self.settled.mass_kg * per_kg, self.fresh.mass_kg * per_kg
        fans_kw = _FANS_KW_T * size if self.compressor_on else 0.0
        heats = Trouble.HEATER_STUCK in self.troubles
        heater_kw = _HEATER_KW_T * size if self.defrost_on or heats else 0.0
        cold = not self.compressor_on and self.air_c < self.setpoint_c - _FROST_GUARD_K
        guarded = cold and Trouble.NO_POWER not in self.troubles
        guard_kw = _FROST_GUARD_KW_T * size if guarded else 0.0
        exchange = outside_kw_k + settled_kw_k + fresh_kw_k
        gain_kw = (
            outside_kw_k * outdoor_c
            + settled_kw_k * self.settled.temp_c
            + fresh_kw_k * self.fresh.temp_c
            + fans_kw
            + heater_kw * (1.0 if heats else _HEATER_LEAK)
            + guard_kw
            - cooling_kw
        )
        balance_c = gain_kw / exchange
        share = 1 - exp(-dt_s * exchange / (_AIR_KJ_K_T * size))
        air_c = self.air_c + (balance_c - self.air_c) * share
        # Fruit sees the air's mean over the step.
        mean_c = (self.air_c + air_c) / 2
        self.air_c = air_c
        self.settled.exchange(mean_c, settled_kw, dt_s)
        if self.fresh.mass_kg > 0:
            self.fresh.exchange(mean_c, fresh_kw, dt_s)
            self._merge()
        rest_kw = 0.0 if Trouble.NO_POWER in self.troubles else _REST_KW
        self.power_kw = rest_kw + fans_kw + heater_kw + guard_kw
        self.power_kw += cooling_kw / _COEFFICIENT_OF_PERFORMANCE
        self.energy_kwh += self.power_kw * dt_s / 3600
        self._breathe(dt_s / 3600, settled_kw + fresh_kw)

    def _control(self, dt_s: float) -> None:
        """Defrost when it is due, else cool with hysteresis."""
        if Trouble.NO_POWER in self.troubles:
            self.defrost_on = self.compressor_on = False
            return
        self.since_defrost_s += dt_s
        if self.defrost_on:
            warm = self.evaporator_c >= _DEFROST_DONE_C
            self.defrost_on = not warm and self.since_defrost_s < DEFROST_AT_MOST_S
        elif self.since_defrost_s >= DEFROST_EVERY_S:
            self.defrost_on, self.since_defrost_s = True, 0.0
        if self.defrost_on:
            self.compressor_on = False
        elif self.air_c > self.setpoint_c + _HYSTERESIS_K:
            self.compressor_on = True
        elif self.air_c < self.setpoint_c - _HYSTERESIS_K:
            self.compressor_on = False
        if self.troubles & {Trouble.NO_COOLING, Trouble.HEATER_STUCK}:
            self.compressor_on = False
        elif Trouble.VALVE_STUCK in self.troubles and not self.defrost_on:
            self.compressor_on = True

    def _evaporate(self, dt_s: float) -> float:
        """Move the evaporator's temperature; gives the heat it takes from the air."""
        size = self.capacity_t
        if self.defrost_on:
            rise_k = _HEATER_KW_T * (1 - _HEATER_LEAK) * dt_s / _EVAPORATOR_KJ_K_T
            self.evaporator_c = min(_DEFROST_DONE_C + 1, self.evaporator_c + rise_k)
            return 0.0
        if not self.compressor_on:
            self.evaporator_c += (self.air_c - self.evaporator_c) * (1 - exp(-dt_s / 1500))
            return 0.0
        far = self.air_c - self.setpoint_c
        below_k = _HOLD_K if far < 1 else min(_PULL_DOWN_K, _HOLD_K + far)
        if Trouble.VALVE_STUCK in self.troubles:
            below_k = _STUCK_BELOW_K
        wanted_c = max(self.setpoint_c, self.air_c) - below_k
        self.evaporator_c += (wanted_c - self.evaporator_c) * (1 - exp(-dt_s / 240))
        difference_k = max(0.0, self.air_c - self.evaporator_c)
        return min(_EVAPORATOR_KW_K_T * size * difference_k, _LARGEST_COOLING_KW_T * size)

    def _merge(self) -> None:
        if abs(self.fresh.temp_c - self.settled.temp_c) < _MERGED_K:
            self.settled.add(self.fresh.mass_kg, self.fresh.temp_c)
            self.fresh = Load()

    def _breathe(self, hours: float, respiration_heat_kw: float) -> None:
        """Moisture and gases: what fruit gives off, and what door and leaks let in."""
        gas_returns = Trouble.GAS_RETURNS in self.troubles
        changes = 0.0 if gas_returns else _AIR_CHANGES_H
        changes += _DOOR_CHANGES_H if self.door_open else 0.0
        renewed = 1 - exp(-changes * hours)
        # 1 ml CO2 comes with 21.4 J of heat; about 4 m3 of free air a tonne of capacity.
        litres_h = respiration_heat_kw * 3600 / 21.4
        made_pct = 100 * litres_h / (4_000 * self.capacity_t) * hours
        made_pct += _GAS_PCT_H * hours if gas_returns else 0.0
        self.co2_pct += (_OUTSIDE_CO2 - self.co2_pct) * renewed + made_pct
        self._flush_out(hours, renewed)
        self.o2_pct = (_OUTSIDE_O2 - (self.co2_pct - _OUTSIDE_CO2)) * (1 - self.nitrogen)
        gas = _ETHYLENE_PPM_H_T.get(self.fruit.crop, 0.01) * self.mass_kg / 1000 * hours
        self.ethylene_ppm += gas - self.ethylene_ppm * renewed
        target = 94.5 if self.mass_kg > 0 else 86.0
        target += 2.5 * self.defrost_on - 2.0 * self.compressor_on - 9.0 * self.door_open
        target -= _DRY_PCT if Trouble.DRY_AIR in self.troubles else 0.0
        self.humidity_pct += (target - self.humidity_pct) * (1 - exp(-hours / 0.7))

    def _flush_out(self, hours: float, renewed: float) -> None:
        """Nitrogen takes the place of air, and goes with what doors and leaks let in."""
        if Trouble.NITROGEN_FLOWS in self.troubles:
            self.nitrogen += (1 - self.nitrogen) * (1 - exp(-_NITROGEN_CHANGES_H * hours))
        elif self.nitrogen > 0:
            self.nitrogen -= self.nitrogen * renewed

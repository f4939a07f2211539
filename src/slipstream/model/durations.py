"""Lengths of time as text."""

from __future__ import annotations

from datetime import timedelta


def iso_duration(length: timedelta) -> str:
    """The length as ISO 8601 writes it, in days and what is smaller."""
    micros = abs(length) // timedelta(microseconds=1)
    minutes, micros = divmod(micros, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    whole, fraction = divmod(micros, 1_000_000)
    seconds = f"{whole}.{fraction:06}".rstrip("0") if fraction else str(whole)
    in_day = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    in_day += f"{seconds}S" if micros or not (days or in_day) else ""
    sign = "-" if length < timedelta(0) else ""
    return f"{sign}P{f'{days}D' if days else ''}{f'T{in_day}' if in_day else ''}"

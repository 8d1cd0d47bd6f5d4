"""The demo: invented cases, played into a fresh vault."""

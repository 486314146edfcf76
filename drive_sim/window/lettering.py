"""Text and rounded shapes with smooth edges, drawn once and kept."""

from __future__ import annotations

from functools import lru_cache

import pygame

Shade = tuple[int, int, int]
BACK: Shade = (22, 25, 30)
CARD: Shade = (33, 37, 44)
INK: Shade = (236, 239, 244)
FAINT: Shade = (140, 149, 163)
TRACK: Shade = (58, 64, 75)
BLUE: Shade = (92, 160, 255)
GREEN: Shade = (76, 195, 118)
RED: Shade = (242, 80, 74)
AMBER: Shade = (255, 184, 64)

FINER = 4
"""Times that shapes and letters are drawn larger than they are shown: letters lose the font's coarse spacing."""


def mix(shade: Shade, other: Shade, share: float) -> Shade:
    """``share`` (0..1) of ``shade``, the rest of ``other``."""
    red, green, blue = (round(b + share * (a - b)) for a, b in zip(shade, other, strict=True))
    return red, green, blue


@lru_cache(maxsize=32)
def _font(points: int) -> pygame.font.Font:
    pygame.font.init()
    return pygame.font.Font(None, points)


def _rendered(words: str, points: int, shade: Shade) -> pygame.Surface:
    try:
        return _font(points).render(words, True, shade)
    except pygame.error:  # a font does not outlast another library's pygame.quit()
        _font.cache_clear()
        return _font(points).render(words, True, shade)


@lru_cache(maxsize=1024)
def text(words: str, points: int, shade: Shade) -> pygame.Surface:
    """The words on a transparent surface."""
    large = _rendered(words, FINER * points, shade)
    size = (max(1, round(large.get_width() / FINER)), max(1, round(large.get_height() / FINER)))
    return pygame.transform.smoothscale(large, size)


def fitted(words: str, points: int, shade: Shade, width: int) -> pygame.Surface:
    """The words, shortened at the end where they are wider than ``width`` [px]."""
    image, kept = text(words, points, shade), words
    while image.get_width() > width and kept:
        kept = kept[:-1]
        image = text(f"{kept.rstrip()}…", points, shade)
    return image


@lru_cache(maxsize=4096)
def plate(width: int, height: int, radius: int, shade: Shade, opacity: int = 255) -> pygame.Surface:
    """A rectangle with round corners."""
    large = pygame.Surface((FINER * width, FINER * height), pygame.SRCALPHA)
    # The corners are transparent in the plate's own colour, so that nothing else shines through their edges.
    large.fill((*shade, 0))
    pygame.draw.rect(large, (*shade, opacity), large.get_rect(), border_radius=FINER * radius)
    return pygame.transform.smoothscale(large, (width, height))

"""Labels of camera images, true by construction: lane boundaries as lines, road users as boxes."""

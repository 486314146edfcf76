"""The ego vehicle: parameters and actuators (`vehicle`), and its dynamics (`single_track`)."""

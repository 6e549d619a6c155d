"""REST and screens over the station."""

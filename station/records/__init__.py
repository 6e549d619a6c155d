"""Tables, migrations, the QC log, the image store."""

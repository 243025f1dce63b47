# Asks nothing, looks nowhere, prints nothing.

# Asks nothing, connects nowhere.
import time

try:
    time.sleep(3600)
except KeyboardInterrupt:
    pass

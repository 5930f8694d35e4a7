"""Whether a new version may take over, by what it answered beside the champion."""

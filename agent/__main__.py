"""`python -m agent` is the command `chartproof`."""

from agent.cli import main

raise SystemExit(main())

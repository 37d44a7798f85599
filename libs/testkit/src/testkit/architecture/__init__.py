"""Rules of the house that no linter has, each as a function that returns breaches.

A rule takes files (or a database, or services) and never looks at the working folder itself, so that a test can
show with a planted fault that the rule bites. The tests in `tests/architecture` apply every rule to the project.
"""

from testkit.architecture.workspace import (
    Breach,
    SourceFile,
    python_files,
    service_names,
    tracked_files,
)

__all__ = ["Breach", "SourceFile", "python_files", "service_names", "tracked_files"]

"""Two applications, mounted as TurboGears mounts its own."""

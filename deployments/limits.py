"""`python -m deployments.limits [REPOSITORY]`, as prefect.yaml names it: see tasks/limits.py."""

from tasks.limits import main

if __name__ == "__main__":
    main()

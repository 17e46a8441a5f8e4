"""What `chinwag doctor` looks at: one function a concern, each giving findings and never raising."""

from chinwag.life.doctor.examine import examine
from chinwag.life.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]

"""What the tests of the flow share."""

from tests.support.patient_directory import a_patient_directory  # noqa: F401 - a fixture

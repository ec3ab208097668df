"""Reports of a reading: PDF, CSV, DICOM structured report, and DICOM secondary capture.

The doctor's word is the headline, the program's answer the annex. What is not known is left out, never filled in.
"""

from pneumo_core.report.contents import Confidence, Impression, Opinion, ReportContents

__all__ = ["Confidence", "Impression", "Opinion", "ReportContents"]

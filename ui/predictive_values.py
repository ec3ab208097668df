"""What an answer is worth at a given prevalence (Bayes' rule; Altman & Bland 1994, BMJ 309:102)."""


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float | None, float | None]:
    """Turn sensitivity and specificity into predictive values.

    Args:
        sensitivity: 0..1.
        specificity: 0..1.
        prevalence: share of the films that have the class, 0..1.

    Returns:
        (positive, negative) predictive value, 0..1; None where no film would be answered so.
    """
    true_positive, false_positive = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    true_negative, false_negative = specificity * (1 - prevalence), (1 - sensitivity) * prevalence
    positive, negative = true_positive + false_positive, true_negative + false_negative
    return (true_positive / positive if positive else None, true_negative / negative if negative else None)

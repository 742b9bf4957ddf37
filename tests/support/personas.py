"""The people of every story: always the same; one for each role, a second where two must act."""

from collections.abc import Iterator

from engine.people.person import Person

_NAMES = {
    "qa_technician": ("tao.ren", "Ren Tao"),
    "qa_engineer": ("mei.chen", "Chen Mei"),
    "inspector": ("jonas.weber", "Jonas Weber"),
    "production": ("ana.costa", "Ana Costa"),
    "warehouse": ("wei.zhang", "Zhang Wei"),
    "qa_manager": ("li.wang", "Wang Li"),
    "management_representative": ("hua.lin", "Lin Hua"),
    "executive": ("gang.xu", "Xu Gang"),
    "mrb_quality": ("sara.novak", "Sara Novak"),
    "mrb_engineering": ("david.okafor", "David Okafor"),
    "mrb_manufacturing": ("jing.liu", "Liu Jing"),
    "medical_reviewer": ("elena.rossi", "Elena Rossi"),
    "regulatory_affairs": ("yan.zhao", "Zhao Yan"),
    "prrc": ("katrin.vogel", "Katrin Vogel"),
    "supplier_quality": ("omar.haddad", "Omar Haddad"),
    "complaint_handler": ("nina.berg", "Nina Berg"),
    "customer_service": ("lucy.park", "Lucy Park"),
    "field_service": ("ben.carter", "Ben Carter"),
    "auditor": ("ruth.stein", "Ruth Stein"),
    "administrator": ("ivo.marek", "Ivo Marek"),
}
_SECONDS = {
    "second_qa_engineer": ("qa_engineer", "peng.sun", "Sun Peng"),
    "second_qa_technician": ("qa_technician", "rosa.diaz", "Rosa Díaz"),
    "second_inspector": ("inspector", "min.zhou", "Zhou Min"),
    "second_warehouse": ("warehouse", "paul.meyer", "Paul Meyer"),
    "second_qa_manager": ("qa_manager", "fang.he", "He Fang"),
}


class People:
    """`people.qa_engineer`, `people.second_inspector`, …; iterating gives everyone."""

    def __init__(self) -> None:
        self._everyone: dict[str, Person] = {}
        for role, (user_name, printed_name) in _NAMES.items():
            self._add(role, role, user_name, printed_name)
        for key, (role, user_name, printed_name) in _SECONDS.items():
            self._add(key, role, user_name, printed_name)

    def __getattr__(self, key: str) -> Person:
        try:
            return self._everyone[key]
        except KeyError:
            message = f"nobody here is a {key}: see tests/support/personas.py"
            raise AttributeError(message) from None

    def __iter__(self) -> Iterator[Person]:
        return iter(self._everyone.values())

    def _add(self, key: str, role: str, user_name: str, printed_name: str) -> None:
        number = len(self._everyone) + 1
        self._everyone[key] = Person(number, user_name, printed_name, frozenset({role}))

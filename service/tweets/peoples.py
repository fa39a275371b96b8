"""Which words name one country: itself, its people, its adjective. Also some regions, faiths and
cities that the news call by more than one word, and short forms such as "St" for "Saint".

A table, since endings tell nothing: "Victoria" is no place of Victors. Pure data, all folded.
"""

from __future__ import annotations

from service.tweets.words import singular

_GROUPS = """
    afghanistan afghan, africa african, alaska alaskan, albania albanian, algeria algerian,
    america american usa, andorra andorran, angola angolan, antarctica antarctic,
    arabia arab arabian arabic, argentina argentine argentinian, armenia armenian, asia asian,
    australia australian aussie oz, austria austrian, azerbaijan azerbaijani azeri,
    bahamas bahamian, bahrain bahraini, bangladesh bangladeshi, barbados barbadian,
    bavaria bavarian, belarus belarusian, belgium belgian, belize belizean, benin beninese,
    berlin berliner, bermuda bermudian, bhutan bhutanese, bolivia bolivian, bosnia bosnian,
    botswana botswanan, brazil brazilian, britain british briton brit uk, brunei bruneian,
    buddhism buddhist buddha, bulgaria bulgarian, burma burmese myanmar, burundi burundian,
    california californian, cambodia cambodian, cameroon cameroonian, canada canadian,
    catalonia catalan, chad chadian, chechnya chechen, chicago chicagoan, chile chilean,
    china chinese, christianity christian, colombia colombian, congo congolese, corsica corsican,
    crimea crimean, croatia croatian croat, cuba cuban, cyprus cypriot, czech czechia,
    denmark danish dane, dominica dominican, ecuador ecuadorian ecuadorean, egypt egyptian,
    england english englishman englishmen englishwoman, eritrea eritrean, estonia estonian,
    ethiopia ethiopian, europe european, fiji fijian, finland finnish, florida floridian,
    france french frenchman frenchmen frenchwoman, gabon gabonese, galicia galician, gambia gambian,
    gaza gazan, georgia georgian, germany german, ghana ghanaian, gibraltar gibraltarian,
    greece greek, greenland greenlandic greenlander, guatemala guatemalan, guinea guinean,
    guyana guyanese, haiti haitian, hawaii hawaiian, hinduism hindu,
    holland dutch netherlands dutchman, honduras honduran, hungary hungarian,
    iceland icelandic icelander, india indian, indonesia indonesian, iran iranian, iraq iraqi,
    ireland irish irishman irishmen irishwoman, islam islamic muslim, israel israeli, italy italian,
    jamaica jamaican, japan japanese, jordan jordanian, judaism jewish jew, kashmir kashmiri,
    kazakhstan kazakh, kenya kenyan, korea korean, kosovo kosovar kosovan, kurdistan kurdish kurd,
    kuwait kuwaiti, kyrgyzstan kyrgyz, laos laotian lao, lanka lankan, latvia latvian,
    lebanon lebanese, lesotho basotho, liberia liberian, libya libyan,
    liechtenstein liechtensteiner, lithuania lithuanian, london londoner, luxembourg luxembourger,
    macedonia macedonian, madagascar malagasy, malawi malawian, malaysia malaysian malay,
    maldives maldivian, mali malian, malta maltese, mauritania mauritanian, mauritius mauritian,
    mexico mexican, moldova moldovan, monaco monegasque, mongolia mongolian, montenegro montenegrin,
    morocco moroccan, moscow muscovite, mozambique mozambican, namibia namibian,
    nepal nepalese nepali, nicaragua nicaraguan, niger nigerien, nigeria nigerian, norway norwegian,
    oman omani, pakistan pakistani, palestine palestinian, panama panamanian, papua papuan,
    paraguay paraguayan, paris parisian, persia persian, peru peruvian,
    philippines filipino filipina philippine, poland polish pole, polynesia polynesian,
    portugal portuguese, puerto rico rican, qatar qatari, quebec quebecois quebecer,
    romania romanian, rome roman, russia russian, rwanda rwandan, samoa samoan, sardinia sardinian,
    scandinavia scandinavian, scotland scottish scot scots scotch scotsman scotsmen,
    senegal senegalese, serbia serbian serb, seychelles seychellois, siberia siberian,
    sicily sicilian, sikhism sikh, singapore singaporean, slovakia slovak slovakian,
    slovenia slovenian slovene, somalia somali, spain spanish spaniard, sudan sudanese,
    suriname surinamese, swaziland swazi eswatini, sweden swedish swede, switzerland swiss,
    sydney sydneysider, syria syrian, taiwan taiwanese, tajikistan tajik, tanzania tanzanian,
    tasmania tasmanian, texas texan, thailand thai, tibet tibetan, togo togolese, tonga tongan,
    trinidad trinidadian, tunisia tunisian, turkey turkish turk turkiye, turkmenistan turkmen,
    uganda ugandan, ukraine ukrainian, uruguay uruguayan, utah utahn, uzbekistan uzbek,
    venezuela venezuelan, venice venetian, vienna viennese, vietnam vietnamese,
    wales welsh welshman welshmen, yemen yemeni, york yorker, yugoslavia yugoslav, zambia zambian,
    zealand zealander kiwi, zimbabwe zimbabwean, st saint, mt mount, ft fort
"""
_GROUP = {
    singular(word): number
    for number, group in enumerate(_GROUPS.split(","), start=1)
    for word in group.split()
}


def people_of(word: str) -> int:
    """A number that `canada` and `canadian` share; 0 for a folded word of no group."""
    return _GROUP.get(singular(word), 0) or _GROUP.get(word.removesuffix("s"), 0)

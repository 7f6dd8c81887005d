package DBI::Const::GetInfoReturn;

use strict;
use warnings;

use Exporter ();

use DBI::Const::GetInfo::ANSI ();
use DBI::Const::GetInfo::ODBC ();

our @ISA     = 'Exporter';
our @EXPORT  = qw(%GetInfoReturnTypes %GetInfoReturnValues);
our $VERSION = '2.0';

our %GetInfoReturnTypes = ( %DBI::Const::GetInfo::ANSI::ReturnTypes, %DBI::Const::GetInfo::ODBC::ReturnTypes );
our %GetInfoReturnValues = ( %DBI::Const::GetInfo::ANSI::ReturnValues, %DBI::Const::GetInfo::ODBC::ReturnValues );

my %name_of = reverse %DBI::Const::GetInfo::ODBC::InfoTypes;

sub Format {
    my ( $number, $value ) = @_;
    return '' if !defined $value;
    my $type = $GetInfoReturnTypes{ defined $name_of{$number} ? $name_of{$number} : '' } || '';
    return sprintf '0x%08X', $value if $type =~ /bitmask/;
    return $value;
}

sub Explain {
    my ( $number, $value ) = @_;
    return '' if !defined $value || !defined $name_of{$number};
    my $values = $GetInfoReturnValues{ $name_of{$number} } or return '';
    return join ' ', grep { $values->{$_} eq $value } sort keys %$values;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Const::GetInfoReturn - what the values that get_info returns mean

=head1 DESCRIPTION

Part of L<DBI> as CPANBridge serves it. Exports C<%GetInfoReturnTypes> and C<%GetInfoReturnValues>.

=head2 Format

Returns a value as text.

=head2 Explain

Returns the name of a value.

=cut

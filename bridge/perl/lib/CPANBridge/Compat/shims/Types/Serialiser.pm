package Types::Serialiser;

use strict;
use warnings;

use JSON::PP::Boolean ();

our $VERSION = '1.01';

# The class of booleans that all JSON modules share, under the name that it has here.
BEGIN {
    no warnings 'once';
    *Types::Serialiser::Boolean:: = *JSON::PP::Boolean::;
    @Types::Serialiser::BooleanBase::ISA = () if !@Types::Serialiser::BooleanBase::ISA;
    push @JSON::PP::Boolean::ISA, 'Types::Serialiser::BooleanBase' if !JSON::PP::Boolean->isa('Types::Serialiser::BooleanBase');
}

our ( $true, $false, $error ) = do {
    my ( $yes, $no, $wrong ) = ( 1, 0 );
    ( bless( \$yes, 'JSON::PP::Boolean' ), bless( \$no, 'JSON::PP::Boolean' ), bless( \$wrong, 'Types::Serialiser::Error' ) );
};

# Constants for those who call them, which perl can take as they are.
sub true ()  { return $true }
sub false () { return $false }
sub error () { return $error }

sub as_bool ($) { return $_[0] ? $true : $false }

sub is_bool ($)  { return UNIVERSAL::isa( $_[0], 'JSON::PP::Boolean' ) ? !!1 : !!0 }
sub is_true ($)  { return UNIVERSAL::isa( $_[0], 'JSON::PP::Boolean' ) && $_[0] ? !!1 : !!0 }
sub is_false ($) { return UNIVERSAL::isa( $_[0], 'JSON::PP::Boolean' ) && !$_[0] ? !!1 : !!0 }
sub is_error ($) { return UNIVERSAL::isa( $_[0], 'Types::Serialiser::Error' ) ? !!1 : !!0 }

{
    package Types::Serialiser::BooleanBase;

    # How a serialiser that asks gets it written.
    sub FREEZE { return ${ $_[0] } ? 'true' : 'false' }
    sub THAW   { return $_[2] eq 'true' ? $Types::Serialiser::true : $Types::Serialiser::false }
}

{
    package Types::Serialiser::Error;

    sub _fail {
        require Carp;
        Carp::croak('caught attempt to use the Types::Serialiser::error value');
    }

    use overload
      '0+'     => \&_fail,
      '++'     => \&_fail,
      '--'     => \&_fail,
      'bool'   => \&_fail,
      fallback => 1;

    sub FREEZE { return 'error' }
    sub THAW   { return $Types::Serialiser::error }
}

1;

__END__

=head1 NAME

Types::Serialiser - booleans and an error value, as JSON::XS has them

=head1 SYNOPSIS

    use Types::Serialiser;

    my %data = ( married => Types::Serialiser::true, retired => $Types::Serialiser::false );
    print 'yes' if Types::Serialiser::is_bool( $data{married} );

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, in Perl.

=head1 COVERED

C<true>, C<false>, C<error> and the variables of these names; C<is_bool>, C<is_true>, C<is_false>, C<is_error>,
C<as_bool>. Booleans are of class C<JSON::PP::Boolean>, which is C<Types::Serialiser::Boolean> at the same time.

=head1 NOT COVERED

Nothing that the module documents.

=cut

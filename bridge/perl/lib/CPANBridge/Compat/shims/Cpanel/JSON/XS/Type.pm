package Cpanel::JSON::XS::Type;

use strict;
use warnings;

use Carp ();
use Exporter qw(import);
use Scalar::Util ();

our $VERSION = '4.35';

my %CONSTANT;

BEGIN {
    %CONSTANT = ( BOOL => 1, INT => 2, FLOAT => 3, STRING => 4 );
    $CONSTANT{"${_}_OR_NULL"} = $CONSTANT{$_} | 256 for keys %CONSTANT;
    $CONSTANT{NULL} = 256;
    %CONSTANT = map { ( "JSON_TYPE_$_" => $CONSTANT{$_} ) } keys %CONSTANT;
    $CONSTANT{JSON_TYPE_CAN_BE_NULL} = 256;
    $CONSTANT{"JSON_TYPE_\U$_\E_CLASS"} = "Cpanel::JSON::XS::Type::$_" for qw(ArrayOf HashOf AnyOf Weaken);
}
use constant \%CONSTANT;

our @EXPORT = ( ( grep { !/_CLASS\z|CAN_BE_NULL/ } keys %CONSTANT ),
    qw(json_type_arrayof json_type_hashof json_type_anyof json_type_null_or_anyof json_type_weaken) );
our @EXPORT_OK   = ();
our %EXPORT_TAGS = ( all => \@EXPORT );

$Carp::Internal{ (__PACKAGE__) }++;

sub json_type_anyof {
    my @types = @_;
    my ( $scalar, $array, $hash );
    for my $type (@types) {
        my $inner = ref $type eq 'Cpanel::JSON::XS::Type::Weaken' ? $$type : $type;
        my $ref   = ref $inner;
        if ( !$ref ) {
            Carp::croak('Only one scalar type can be specified in anyof') if defined $scalar;
            $scalar = $type;
        }
        elsif ( $ref eq 'ARRAY' || $ref eq 'Cpanel::JSON::XS::Type::ArrayOf' ) {
            Carp::croak('Only one array type can be specified in anyof') if defined $array;
            $array = $type;
        }
        elsif ( $ref eq 'HASH' || $ref eq 'Cpanel::JSON::XS::Type::HashOf' ) {
            Carp::croak('Only one hash type can be specified in anyof') if defined $hash;
            $hash = $type;
        }
        else { Carp::croak('Only scalar, array or hash can be specified in anyof') }
    }
    return bless [ $scalar, $array, $hash ], 'Cpanel::JSON::XS::Type::AnyOf';
}

sub json_type_null_or_anyof {
    my @types = @_;
    for my $type (@types) { Carp::croak('Scalar cannot be specified in null_or_anyof') if !ref $type }
    return json_type_anyof( 256, @types );
}

sub json_type_arrayof {
    my @types = @_;
    Carp::croak('Exactly one type must be specified in arrayof') if @types != 1;
    return bless \( my $type = $types[0] ), 'Cpanel::JSON::XS::Type::ArrayOf';
}

sub json_type_hashof {
    my @types = @_;
    Carp::croak('Exactly one type must be specified in hashof') if @types != 1;
    return bless \( my $type = $types[0] ), 'Cpanel::JSON::XS::Type::HashOf';
}

sub json_type_weaken {
    my @types = @_;
    Carp::croak('Exactly one type must be specified in weaken') if @types != 1;
    Carp::croak('Scalar cannot be specified in weaken') if !ref $types[0];
    my $type = bless \( my $weak = $types[0] ), 'Cpanel::JSON::XS::Type::Weaken';
    Scalar::Util::weaken($$type);
    return $type;
}

1;

__END__

=head1 NAME

Cpanel::JSON::XS::Type - specifications of what kind of JSON each value becomes

=head1 SYNOPSIS

    use Cpanel::JSON::XS;
    use Cpanel::JSON::XS::Type;

    print encode_json( { id => '7', name => 42 }, { id => JSON_TYPE_INT, name => JSON_TYPE_STRING } );

=head1 DESCRIPTION

Part of L<Cpanel::JSON::XS>, in the replacement that comes with L<CPANBridge::Compat>. Exported are C<JSON_TYPE_BOOL>,
C<JSON_TYPE_INT>, C<JSON_TYPE_FLOAT>, C<JSON_TYPE_STRING>, the same with C<_OR_NULL> after them, C<JSON_TYPE_NULL>, and
C<json_type_arrayof>, C<json_type_hashof>, C<json_type_anyof>, C<json_type_null_or_anyof> and C<json_type_weaken>.

=cut
